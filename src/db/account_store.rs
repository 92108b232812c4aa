//! The accounts in the database.

use waxseal_session::Clock;
use waxseal_session_sqlx::{Database, SqlSessionStore};

/// The users, their log-ins and the failed ones. What ends or opens sessions does so in the same
/// transaction.
#[derive(Debug, Clone)]
pub struct AccountStore {
    pub(super) database: Database,
    pub(super) sessions: SqlSessionStore,
    pub(super) clock: Clock,
}

impl AccountStore {
    /// The accounts in the database that these sessions are in, which [`connect`](super::connect())
    /// has opened.
    pub fn new(sessions: SqlSessionStore, clock: Clock) -> Self {
        Self { database: sessions.database().clone(), sessions, clock }
    }

    /// The users' sessions.
    pub fn sessions(&self) -> &SqlSessionStore {
        &self.sessions
    }
}
