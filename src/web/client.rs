//! Where a request comes from.

use std::future::{Ready, ready};

use actix_web::{
    Error, FromRequest, HttpRequest, dev::Payload, http::header::USER_AGENT, web::Data,
};

use super::trusted_proxies::TrustedProxies;
use crate::{
    accounts::{Actor, Client, LoginContext, UserId},
    session::CurrentSession,
};

/// How much of a browser's name is kept: real ones have under 300 characters.
const MAX_USER_AGENT_CHARS: usize = 512;

/// The browser that signs up or logs in, and the session it had until now.
pub(super) struct Caller(pub(super) LoginContext);

impl FromRequest for Caller {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let current = CurrentSession::of(request);
        ready(Ok(Self(LoginContext {
            client: client(request),
            replaces: current.map(|session| session.id),
        })))
    }
}

/// The address that a request comes from; empty where the connection has none.
pub(super) fn address(request: &HttpRequest) -> String {
    let proxies = request.app_data::<Data<TrustedProxies>>();
    let address = proxies.and_then(|proxies| proxies.client_address(request));
    address.map(|address| address.to_string()).unwrap_or_default()
}

/// The person who acts with this request.
pub(super) fn actor(user_id: UserId, request: &HttpRequest) -> Actor {
    Actor::Person { user_id, from: address(request) }
}

fn client(request: &HttpRequest) -> Client {
    let user_agent = request.headers().get(USER_AGENT).map(|value| value.as_bytes());
    Client {
        address: address(request),
        user_agent: String::from_utf8_lossy(user_agent.unwrap_or_default())
            .chars()
            .filter(|c| !c.is_control())
            .take(MAX_USER_AGENT_CHARS)
            .collect(),
    }
}
