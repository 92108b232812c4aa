//! The client and session that a log-in comes from.

use waxseal_session::SessionId;
use waxseal_session_sqlx::Client;

/// The client and session that a sign-up, a log-in or a password comes from.
#[derive(Debug, Clone, Default)]
pub struct LoginContext {
    /// The client.
    pub client: Client,
    /// The client's current session, which ends when a new one is opened.
    pub replaces: Option<SessionId>,
}
