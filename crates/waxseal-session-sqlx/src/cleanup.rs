//! Deletes expired sessions, in batches so that other writers don't have to wait.

use sqlx::AssertSqlSafe;
use waxseal_session::RevocationFeed;

use crate::{database::DatabaseError, store::SqlSessionStore};

/// Rows deleted per transaction.
const BATCH: i64 = 500;

impl SqlSessionStore {
    /// Deletes sessions whose latest expiry lies more than a day back, revoked or not. Returns how many.
    ///
    /// A session that has expired before stays until then: in a database restored from a backup its cookie
    /// may be newer, and has to be revoked with the user's others. The day is for clocks that are set back.
    ///
    /// # Errors
    ///
    /// If the database fails. Batches deleted before that stay deleted.
    pub async fn clean_up(&self) -> Result<u64, DatabaseError> {
        let before = self.clock.earliest() - RevocationFeed::RETENTION;
        // It waits for no one's locks, so it can't be part of a deadlock.
        let lock = if self.database.pool.is_postgres() { "FOR UPDATE SKIP LOCKED" } else { "" };
        // The outer condition skips sessions whose latest expiry was moved meanwhile.
        let sql = format!(
            "DELETE FROM waxseal_sessions WHERE id IN
                (SELECT id FROM waxseal_sessions
                 WHERE latest_expiry < $1 ORDER BY latest_expiry LIMIT $2 {lock})
             AND latest_expiry < $1"
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
