//! What the session adds to a response's headers.

use actix_web::{
    dev::ServiceResponse,
    error::InternalError,
    http::header::{CACHE_CONTROL, HeaderMap, HeaderName, HeaderValue, SET_COOKIE, VARY},
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
        let host = self.was_several.then(|| response.request().connection_info().host().to_owned());
        if was_read && !matches!(self.outgoing, Outgoing::Cookie(_)) {
            vary_by_cookie(response.headers_mut());
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
        if let Some(cleared) = host.and_then(|host| cookie.clear_other_scope(host)) {
            headers.append(SET_COOKIE, cleared);
        }
        // Not for shared caches, whatever the handler said.
        if !is_private(headers) {
            headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
        }
    }
}

/// A page that caches may keep and that read the session is another one for each cookie.
fn vary_by_cookie(headers: &mut HeaderMap) {
    if !headers.contains_key(CACHE_CONTROL) || is_private(headers) {
        return;
    }
    let has = |value: &HeaderValue| directives(value).any(|name| name == b"cookie" || name == b"*");
    if !headers.get_all(VARY).any(has) {
        headers.append(VARY, HeaderValue::from_static("Cookie"));
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
