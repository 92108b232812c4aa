//! Throwing out what is over: in batches, so that nobody waits for it.

use std::time::Duration;

use super::{connect::Database, error::DatabaseError, feed::REVOCATION_RETENTION, login_failures};
use crate::clock::Timestamp;

/// How many rows one transaction deletes.
const BATCH: i64 = 500;

/// How long the history of log-ins goes back: 90 days.
const EVENT_RETENTION: Duration = Duration::from_secs(90 * 86_400);

/// What a clean-up did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// How many expired sessions' rows it deleted.
    pub sessions: u64,
    /// How many old log-in events it deleted.
    pub login_events: u64,
    /// How many counts of failed log-ins it deleted.
    pub login_failures: u64,
}

impl Database {
    /// Deletes the rows of sessions that expired a day ago and more, revoked or not, log-in events
    /// older than 90 days, and counts of failed log-ins of which the last was a day ago. A revocation is never deleted while its session could still be
    /// valid, not even on a clock that is set back.
    ///
    /// # Errors
    ///
    /// When the database fails; what was deleted until then stays deleted.
    pub async fn clean_up(&self, now: Timestamp) -> Result<Cleaned, DatabaseError> {
        let mut cleaned = Cleaned::default();
        loop {
            let sessions = self.delete(SESSIONS, now - REVOCATION_RETENTION).await?;
            let login_events = self.delete(LOGIN_EVENTS, now - EVENT_RETENTION).await?;
            let login_failures =
                self.delete(LOGIN_FAILURES, now - login_failures::FAILURE_RETENTION).await?;
            cleaned.sessions += sessions;
            cleaned.login_events += login_events;
            cleaned.login_failures += login_failures;
            if sessions + login_events + login_failures == 0 {
                return Ok(cleaned);
            }
            // A breath for those who wait to write.
            tokio::task::yield_now().await;
        }
    }

    /// Deletes one batch of what is older than `before`; how many rows that were.
    async fn delete(&self, batch: &'static str, before: Timestamp) -> Result<u64, DatabaseError> {
        let mut transaction = self.write().await?;
        let query = sqlx::query(batch).bind(before.as_unix()).bind(BATCH);
        let deleted = transaction.execute(query).await?;
        transaction.commit().await?;
        Ok(deleted)
    }
}

/// Expired sessions, as far as they were not refreshed in the meantime.
const SESSIONS: &str = "DELETE FROM sessions WHERE id IN
        (SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
     AND expires_at < $1";

const LOGIN_FAILURES: &str = "DELETE FROM login_failures WHERE (account, network) IN
        (SELECT account, network FROM login_failures WHERE last_at < $1 ORDER BY last_at LIMIT $2)
     AND last_at < $1";

const LOGIN_EVENTS: &str = "DELETE FROM login_events WHERE id IN
        (SELECT id FROM login_events WHERE at < $1 ORDER BY at LIMIT $2)";
