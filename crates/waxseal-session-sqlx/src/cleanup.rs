//! Deleting sessions that are over: in batches, so that no one waits for it.

use crate::{database::DatabaseError, revocation::REVOCATION_RETENTION, store::SqlSessionStore};

/// How many rows one transaction deletes.
const BATCH: i64 = 500;

impl SqlSessionStore {
    /// Deletes the rows of sessions that expired a day ago and more, revoked or not; how many. A
    /// revocation is never deleted while its session could still be valid, not even on a clock that is
    /// set back.
    ///
    /// # Errors
    ///
    /// If the database fails; what was deleted until then stays deleted.
    pub async fn clean_up(&self) -> Result<u64, DatabaseError> {
        let before = self.clock.earliest() - REVOCATION_RETENTION;
        let mut deleted = 0;
        loop {
            let mut transaction = self.database.write().await?;
            // Not those that were refreshed meanwhile.
            let batch = sqlx::query(
                "DELETE FROM waxseal_sessions WHERE id IN
                    (SELECT id FROM waxseal_sessions
                     WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)
                 AND expires_at < $1",
            )
            .bind(before.as_unix())
            .bind(BATCH);
            let rows = transaction.execute(batch).await?;
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
