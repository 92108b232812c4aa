//! The client of a request: its address, its browser, and the session it has.

use std::{
    future::{Ready, ready},
    net::IpAddr,
};

use actix_web::{
    Error, FromRequest, HttpRequest, dev::Payload, http::header::USER_AGENT, web::Data,
};
use waxseal_session::{CurrentSession, SessionMiddleware, TokenSubject};

use super::trusted_proxies::TrustedProxies;
use crate::{
    accounts::{Actor, Client, LoginContext, UserId},
    db::SqlSessionStore,
    text::is_unsafe_to_print,
};

/// How much of a `User-Agent` is stored: real ones have under 300 characters.
const MAX_USER_AGENT_CHARS: usize = 512;

/// The client, and the session that a log-in from it replaces.
pub(crate) struct ClientInfo(pub(crate) LoginContext);

impl FromRequest for ClientInfo {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let client = Client { address: address(request), user_agent: user_agent(request) };
        let replaces = CurrentSession::of(request).map(|session| session.id);
        ready(Ok(Self(LoginContext { client, replaces, form: None })))
    }
}

/// The client's address; `-` if it is unknown, as through a UNIX socket that passes on none.
pub(crate) fn address(request: &HttpRequest) -> String {
    ip_address(request).map_or_else(|| "-".to_owned(), |address| address.to_string())
}

/// The client's address, if it is known.
pub(crate) fn ip_address(request: &HttpRequest) -> Option<IpAddr> {
    request.app_data::<Data<TrustedProxies>>()?.client_address(request)
}

/// Whose session cookie the request has, whether or not that session is live.
pub(crate) fn token_subject(request: &HttpRequest) -> Option<TokenSubject> {
    request.app_data::<Data<SessionMiddleware<SqlSessionStore>>>()?.subject(request)
}

/// The user who acts with this request.
pub(crate) fn actor(user_id: UserId, request: &HttpRequest) -> Actor {
    Actor::Person { user_id, from: address(request) }
}

fn user_agent(request: &HttpRequest) -> String {
    let header = request.headers().get(USER_AGENT).map(|value| value.as_bytes());
    String::from_utf8_lossy(header.unwrap_or_default())
        .chars()
        .filter(|character| !is_unsafe_to_print(*character))
        .take(MAX_USER_AGENT_CHARS)
        .collect()
}
