//! Deletes old rows, in batches so that other writers don't have to wait.

use std::time::Duration;

use waxseal_session::Timestamp;
use waxseal_session_sqlx::{DatabaseError, retry_lock_conflict};

use super::{account_store::AccountStore, login_failures::FAILURE_RETENTION};

/// Rows deleted per transaction.
const BATCH: i64 = 500;

/// How long log-in events are kept: 90 days.
const EVENT_RETENTION: Duration = Duration::from_secs(90 * 86_400);

const LOGIN_EVENTS: &str = "DELETE FROM login_events WHERE id IN
        (SELECT id FROM login_events WHERE at < $1 ORDER BY at LIMIT $2)";

const LOGIN_FAILURES: &str = "DELETE FROM login_failures WHERE (account, network) IN
        (SELECT account, network FROM login_failures WHERE last_at < $1 ORDER BY last_at LIMIT $2)
     AND last_at < $1";

/// The numbers of deleted rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Log-in events.
    pub login_events: u64,
    /// Counts of failed log-ins.
    pub login_failures: u64,
}

impl AccountStore {
    /// Deletes log-in events older than 90 days, and counts of failed log-ins a day after the last
    /// failure. Sessions are deleted by the [session store](super::SqlSessionStore::clean_up).
    ///
    /// # Errors
    ///
    /// If the database fails. Batches deleted before that stay deleted.
    pub async fn clean_up(&self) -> Result<Cleaned, DatabaseError> {
        let now = self.clock.earliest();
        Ok(Cleaned {
            login_events: self.delete(LOGIN_EVENTS, now - EVENT_RETENTION).await?,
            login_failures: self.delete(LOGIN_FAILURES, now - FAILURE_RETENTION).await?,
        })
    }

    /// Deletes rows older than `before`. Returns how many.
    async fn delete(&self, batch: &'static str, before: Timestamp) -> Result<u64, DatabaseError> {
        let mut deleted = 0;
        loop {
            let rows = retry_lock_conflict(|| self.delete_batch(batch, before)).await?;
            if rows == 0 {
                return Ok(deleted);
            }
            deleted += rows;
            // Lets other writers in.
            tokio::task::yield_now().await;
        }
    }
    async fn delete_batch(
        &self,
        batch: &'static str,
        before: Timestamp,
    ) -> Result<u64, DatabaseError> {
        let mut transaction = self.database.write().await?;
        let query = sqlx::query(batch).bind(before.as_unix()).bind(BATCH);
        let rows = transaction.execute(query).await?;
        transaction.commit().await?;
        Ok(rows)
    }
}
