//! Deletes expired sessions, in batches so that other writers don't have to wait.

use sqlx::AssertSqlSafe;
use waxseal_session::RevocationFeed;

use crate::{database::DatabaseError, store::SqlSessionStore};

/// Rows deleted per transaction.
const BATCH: i64 = 500;

impl SqlSessionStore {
    /// Deletes sessions that expired more than a day ago, revoked or not. Returns how many. The day is
    /// for clocks that are set back: a revocation must stay while its session could still be valid.
    ///
    /// # Errors
    ///
    /// If the database fails. Batches deleted before that stay deleted.
    pub async fn clean_up(&self) -> Result<u64, DatabaseError> {
        let before = self.clock.earliest() - RevocationFeed::RETENTION;
        // It waits for no one's locks, so it can't be part of a deadlock.
        let lock = if self.database.pool.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
        // The outer condition skips sessions that were extended meanwhile.
        let sql = format!(
            "DELETE FROM waxseal_sessions WHERE id IN
                (SELECT id FROM waxseal_sessions
                 WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 {lock})
             AND expires_at < $1"
        );
        let mut deleted = 0;
        loop {
            let mut transaction = self.database.write().await?;
            let batch = sqlx::query(AssertSqlSafe(sql.as_str())).bind(before.as_unix()).bind(BATCH);
            let rows = transaction.execute(batch).await?;
            transaction.commit().await?;
            if rows == 0 {
                return Ok(deleted);
            }
            deleted += rows;
            // Lets other writers in.
            tokio::task::yield_now().await;
        }
    }
}
