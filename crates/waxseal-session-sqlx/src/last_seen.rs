//! Last-seen times: collected in memory and written in batches, outside requests.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
};

use waxseal_session::{SessionId, Timestamp};

use crate::{
    database::{Database, DatabaseError},
    retry::retry_lock_conflict,
};

/// Rows written per transaction: few enough that other writers don't have to wait.
const BATCH: usize = 200;

/// The last-seen times that are not yet written.
#[derive(Debug, Default)]
pub(super) struct LastSeen(Mutex<HashMap<SessionId, Timestamp>>);

impl LastSeen {
    /// Records that a session was seen. Skips it if another thread holds the lock: a request doesn't wait
    /// for this, and the session's next request will be recorded.
    pub(super) fn note(&self, id: SessionId, now: Timestamp) {
        match self.0.try_lock() {
            Ok(mut seen) => seen.insert(id, now),
            Err(TryLockError::Poisoned(seen)) => seen.into_inner().insert(id, now),
            Err(TryLockError::WouldBlock) => None,
        };
    }

    /// A session's last-seen time, if it is not yet written.
    pub(super) fn of(&self, id: &SessionId) -> Option<Timestamp> {
        self.lock().get(id).copied()
    }

    /// Writes all collected times. Each stays in memory until it is written.
    pub(super) async fn write(&self, database: &Database) -> Result<(), DatabaseError> {
        let mut seen: Vec<_> = self.lock().iter().map(|(id, at)| (*id, *at)).collect();
        // Sorted by the bytes of the ids, the order in which every transaction locks several rows, so that
        // none deadlock.
        seen.sort_by_cached_key(|(id, _)| id.to_string());
        for batch in seen.chunks(BATCH) {
            retry_lock_conflict(|| write_batch(database, batch)).await?;
            let mut seen = self.lock();
            for (id, at) in batch {
                // If the session was seen again meanwhile, the next write includes it.
                if seen.get(id) == Some(at) {
                    seen.remove(id);
                }
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn write_batch(
    database: &Database,
    batch: &[(SessionId, Timestamp)],
) -> Result<(), DatabaseError> {
    let mut transaction = database.write().await?;
    for (id, at) in batch {
        let query = sqlx::query(
            "UPDATE waxseal_sessions SET last_seen = $1 WHERE id = $2 AND last_seen < $1",
        )
        .bind(at.as_unix())
        .bind(id.to_string());
        transaction.execute(query).await?;
    }
    transaction.commit().await
}
