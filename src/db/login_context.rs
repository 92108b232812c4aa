//! Where a sign-up, a log-in or a password comes from.

use waxseal_session::SessionId;
use waxseal_session_sqlx::Client;

/// Where a sign-up, a log-in or a password comes from.
#[derive(Debug, Clone, Default)]
pub struct LoginContext {
    /// The browser.
    pub client: Client,
    /// The session it had until now; it ends when another is opened.
    pub replaces: Option<SessionId>,
}
