//! The accounts in the database.

use std::sync::Arc;

use tokio::sync::Notify;
use waxseal_session::Clock;
use waxseal_session_sqlx::{Database, SqlSessionStore};

/// Users, their log-in history and the counts of failed log-ins. A change that opens or ends sessions
/// does both in one transaction.
#[derive(Debug, Clone)]
pub struct AccountStore {
    pub(super) database: Database,
    pub(super) sessions: SqlSessionStore,
    pub(crate) clock: Clock,
    /// Wakes this node's mailer, after the commit of a mail.
    pub(crate) mail_queued: Arc<Notify>,
}

impl AccountStore {
    /// The accounts in the same database as these sessions. [`connect`](super::connect()) opens it.
    pub fn new(sessions: SqlSessionStore, clock: Clock) -> Self {
        Self { database: sessions.database().clone(), sessions, clock, mail_queued: Arc::default() }
    }

    /// The users' sessions.
    pub fn sessions(&self) -> &SqlSessionStore {
        &self.sessions
    }
}
