//! Notices: the page after a form says what was done ("Your account has been deleted.").
//!
//! The act itself leaves the notice, in a cookie of its own for a minute. The next page shows it and deletes
//! the cookie, so it is not there after a reload. It is sealed, so no one else can claim that something was
//! done, and names the session that the browser has afterwards (or none), so another person's is not
//! shown. Nothing is stored on the server: it works without a session, and on every node.

use std::time::Duration;

use actix_web::{
    Error, HttpMessage, HttpRequest,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderValue, SET_COOKIE},
    middleware::Next,
    web::Data,
};
use serde::{Deserialize, Serialize};
use waxseal_session::{
    CurrentSession, SessionId, SessionMiddleware,
    cookie::{CookieLookup, find},
    seal_json, unseal_json,
};

use crate::{accounts::Accounts, db::SqlSessionStore};

/// How long a notice waits for the next page.
const LIFETIME: Duration = Duration::from_secs(60);

/// The cookie that notices are left in.
#[derive(Debug, Clone)]
pub struct NoticeCookie {
    name: String,
    is_secure: bool,
}

/// A notice in its cookie.
#[derive(Serialize, Deserialize)]
struct Notice {
    text: String,
    /// The session that it is for; none for a visitor.
    session: Option<SessionId>,
}

/// Marks a request that has done something.
struct Left(String);

/// Marks a request whose page shows the notice.
struct Taken;

/// Says what the request has done, on the next page.
pub(crate) fn leave(request: &HttpRequest, text: impl Into<String>) {
    request.extensions_mut().insert(Left(text.into()));
}

/// What has just been done, for a page to show. A form that is shown again with its errors has none.
pub(crate) fn take(request: &HttpRequest) -> Option<String> {
    let cookie = request.app_data::<Data<NoticeCookie>>().filter(|_| request.method().is_safe())?;
    let found = find(request.headers(), &cookie.name);
    if found != CookieLookup::None {
        request.extensions_mut().insert(Taken);
    }
    let CookieLookup::One(token) = found else { return None };
    let Notice { text, session } = cookie.unseal(request, str::from_utf8(token).ok()?)?;
    let current = CurrentSession::of(request).map(|session| session.id);
    (session == current).then_some(text)
}

/// Sets and deletes the cookie. The session middleware is around it: if that can't keep what was done, its
/// response has no notice. And the session's cookie comes last: curl 7.88 does not delete a cookie that
/// another one follows.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn notices<B: MessageBody>(
    cookie: Data<NoticeCookie>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut response = next.call(request).await?;
    let request = response.request();
    let left = request.extensions_mut().remove::<Left>();
    let taken = request.extensions_mut().remove::<Taken>();
    let is_done = !response.status().is_server_error();
    let header = match (left.filter(|_| is_done), taken) {
        (Some(Left(text)), _) => cookie.set(request, text),
        (None, Some(Taken)) => HeaderValue::try_from(cookie.deleted()).ok(),
        (None, None) => None,
    };
    if let Some(header) = header {
        response.headers_mut().append(SET_COOKIE, header);
    }
    Ok(response)
}

impl NoticeCookie {
    /// The cookie beside a session cookie of this name, for production (HTTPS only) or development.
    pub fn beside(session_cookie: &str, in_production: bool) -> Self {
        Self { name: format!("{session_cookie}-notice"), is_secure: in_production }
    }

    fn set(&self, request: &HttpRequest, text: String) -> Option<HeaderValue> {
        let session = CurrentSession::of(request).map(|session| session.id);
        let (sessions, accounts) = keys_and_clock(request)?;
        let notice = Notice { text, session };
        let (keyring, clock) = (sessions.keyring(), &accounts.clock);
        let token = seal_json(keyring, &self.purpose(), &notice, LIFETIME, clock).ok()?;
        let Self { name, .. } = self;
        let (attributes, max_age) = (self.attributes(), LIFETIME.as_secs());
        HeaderValue::try_from(format!("{name}={token}; {attributes}; Max-Age={max_age}")).ok()
    }

    fn unseal(&self, request: &HttpRequest, token: &str) -> Option<Notice> {
        let (sessions, accounts) = keys_and_clock(request)?;
        unseal_json(sessions.keyring(), &self.purpose(), token, &accounts.clock).ok()
    }

    /// Both: browsers go by Max-Age, and some tools only by Expires.
    fn deleted(&self) -> String {
        let past = "Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
        format!("{}=; {}; {past}", self.name, self.attributes())
    }

    /// Strict, because the page that shows it follows a form of ours.
    fn attributes(&self) -> &'static str {
        match self.is_secure {
            true => "Path=/; Secure; HttpOnly; SameSite=Strict",
            false => "Path=/; HttpOnly; SameSite=Strict",
        }
    }

    fn purpose(&self) -> String {
        format!("notice:{}", self.name)
    }
}

fn keys_and_clock(
    request: &HttpRequest,
) -> Option<(&Data<SessionMiddleware<SqlSessionStore>>, &Data<Accounts>)> {
    Some((request.app_data()?, request.app_data()?))
}
