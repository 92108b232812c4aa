//! Tokens of sessions that were never created.

use std::time::Duration;

use waxseal_session::{Clock, ExpiryPolicy, Keyring, Secret, SessionId, State, claims::Claims};

pub const SECRET: &str = "a secret for measuring of 32 bytes and more";

pub fn keyring() -> Keyring {
    Keyring::new(&Secret::new(SECRET).unwrap())
}

/// The cookie of a session that began a minute ago and is not due to be extended.
pub fn cookie(name: &str, sid: SessionId, state: Option<State>) -> String {
    let began = Clock::system().now() - Duration::from_secs(60);
    let exp = began + ExpiryPolicy::DEFAULT_IDLE_TIMEOUT;
    let claims = Claims { sid, auth_time: began, iat: began, exp, own: None, state };
    let token = keyring().seal(&format!("session:{name}"), claims.to_json().as_bytes());
    format!("{name}={token}")
}
