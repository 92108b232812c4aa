//! What the session adds to a response's headers.

use actix_web::{
    HttpRequest,
    dev::ServiceResponse,
    error::InternalError,
    http::header::{
        CACHE_CONTROL, EXPIRES, HOST, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY,
    },
};

use crate::engine::{Outgoing, Settings};

/// The header in which a client without a cookie jar gets a token that was sealed again.
const SESSION_TOKEN: HeaderName = HeaderName::from_static("session-token");

/// The headers of a response that belong to the session.
pub(crate) struct SessionHeaders<'a> {
    pub(crate) settings: &'a Settings,
    pub(crate) outgoing: Outgoing,
    /// The request had several cookies of the name: one more header clears those of the other scope.
    pub(crate) was_several: bool,
}

impl SessionHeaders<'_> {
    /// `was_read`: a handler may have read the session.
    pub(crate) fn add_to_response<B>(self, response: &mut ServiceResponse<B>, was_read: bool) {
        let host = self.was_several.then(|| host_of(response.request()));
        if was_read && !matches!(self.outgoing, Outgoing::Cookie(_)) {
            vary_by_cookie(response.headers_mut(), self.settings.bearer_tokens);
        }
        self.add_to(response.headers_mut(), host.as_deref());
    }

    /// The same for the response that an error will become. The error's type is hidden then.
    pub(crate) fn add_to_error(self, error: actix_web::Error) -> actix_web::Error {
        let mut response = error.error_response();
        self.add_to(response.headers_mut(), None);
        InternalError::from_response(error, response).into()
    }

    fn add_to(self, headers: &mut HeaderMap, host: Option<&str>) {
        let cookie = &self.settings.cookie;
        let header = match self.outgoing {
            Outgoing::Nothing => return,
            Outgoing::Cookie(cookie) => Some((SET_COOKIE, cookie)),
            Outgoing::Header(token) => Some((SESSION_TOKEN, token)),
            Outgoing::Clear => cookie.clear().map(|cleared| (SET_COOKIE, cleared)),
        };
        if let Some((name, value)) = header {
            headers.append(name, value);
        }
        for cleared in host.map(|host| cookie.clear_other_scopes(host)).unwrap_or_default() {
            headers.append(SET_COOKIE, cleared);
        }
        // Not for shared caches, whatever the handler said.
        if !is_private(headers) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// The host that the browser asked for, without its port.
fn host_of(request: &HttpRequest) -> String {
    let host = request.headers().get(HOST).and_then(|host| host.to_str().ok());
    let host = host.or_else(|| request.uri().host()).unwrap_or_default();
    host.rsplit_once(':').map_or(host, |(host, _port)| host).to_owned()
}

/// A page that caches may keep and that read the session is another one for each cookie.
fn vary_by_cookie(headers: &mut HeaderMap, bearer_tokens: bool) {
    let is_cacheable = headers.contains_key(CACHE_CONTROL) || headers.contains_key(EXPIRES);
    if !is_cacheable || is_private(headers) {
        return;
    }
    let varies = if bearer_tokens { &["Cookie", "Authorization"][..] } else { &["Cookie"] };
    for name in varies {
        let has = |value: &HeaderValue| {
            directives(value).any(|it| it.eq_ignore_ascii_case(name.as_bytes()) || it == b"*")
        };
        if !headers.get_all(VARY).any(has) {
            headers.append(VARY, HeaderValue::from_static(name));
        }
    }
}

fn is_private(headers: &HeaderMap) -> bool {
    let is_private = |value: &HeaderValue| {
        directives(value).any(|directive| directive == b"private" || directive == b"no-store")
    };
    headers.get_all(CACHE_CONTROL).any(is_private)
}

/// The members of a comma-separated list, in lower case.
fn directives(value: &HeaderValue) -> impl Iterator<Item = Vec<u8>> {
    let members = value.as_bytes().split(|byte| *byte == b',');
    members.map(|member| member.trim_ascii().to_ascii_lowercase())
}
