//! Deleting what is old: in batches, so that no one waits for it.

use std::time::Duration;

use waxseal_session::Timestamp;
use waxseal_session_sqlx::DatabaseError;

use super::{account_store::AccountStore, login_failures::FAILURE_RETENTION};

/// How many rows one transaction deletes.
const BATCH: i64 = 500;

/// How long the history of log-ins goes back: 90 days.
const EVENT_RETENTION: Duration = Duration::from_secs(90 * 86_400);

const LOGIN_EVENTS: &str = "DELETE FROM login_events WHERE id IN
        (SELECT id FROM login_events WHERE at < $1 ORDER BY at LIMIT $2)";

const LOGIN_FAILURES: &str = "DELETE FROM login_failures WHERE (account, network) IN
        (SELECT account, network FROM login_failures WHERE last_at < $1 ORDER BY last_at LIMIT $2)
     AND last_at < $1";

/// What a clean-up deleted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// How many old log-in events.
    pub login_events: u64,
    /// How many counts of failed log-ins.
    pub login_failures: u64,
}

impl AccountStore {
    /// Deletes log-in events older than 90 days, and counts of failed log-ins of which the last was a
    /// day ago. Sessions are the [session store's](super::SqlSessionStore::clean_up).
    ///
    /// # Errors
    ///
    /// When the database fails; what was deleted until then stays deleted.
    pub async fn clean_up(&self) -> Result<Cleaned, DatabaseError> {
        let now = self.clock.earliest();
        Ok(Cleaned {
            login_events: self.delete(LOGIN_EVENTS, now - EVENT_RETENTION).await?,
            login_failures: self.delete(LOGIN_FAILURES, now - FAILURE_RETENTION).await?,
        })
    }

    /// Deletes what is older than `before`; how many rows that were.
    async fn delete(&self, batch: &'static str, before: Timestamp) -> Result<u64, DatabaseError> {
        let mut deleted = 0;
        loop {
            let mut transaction = self.database.write().await?;
            let query = sqlx::query(batch).bind(before.as_unix()).bind(BATCH);
            let rows = transaction.execute(query).await?;
            transaction.commit().await?;
            if rows == 0 {
                return Ok(deleted);
            }
            deleted += rows;
            // Others may write in between.
            tokio::task::yield_now().await;
        }
    }
}
