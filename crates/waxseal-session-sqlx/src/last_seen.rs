//! When sessions were last seen: gathered in memory, written in batches, outside of requests.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
};

use waxseal_session::{SessionId, Timestamp};

use crate::{database::Database, database::DatabaseError};

/// How many rows one transaction writes: few enough that others don't wait for it.
const BATCH: usize = 200;

/// The sessions that were seen since the last batch was written.
#[derive(Debug, Default)]
pub(super) struct LastSeen(Mutex<HashMap<SessionId, Timestamp>>);

impl LastSeen {
    /// Notes that a session was seen, unless another thread is noting at this very moment: a request
    /// does not wait for this, and the next one will be noted.
    pub(super) fn note(&self, id: SessionId, now: Timestamp) {
        match self.0.try_lock() {
            Ok(mut seen) => seen.insert(id, now),
            Err(TryLockError::Poisoned(seen)) => seen.into_inner().insert(id, now),
            Err(TryLockError::WouldBlock) => None,
        };
    }

    /// When a session was seen that is not yet written.
    pub(super) fn of(&self, id: &SessionId) -> Option<Timestamp> {
        self.lock().get(id).copied()
    }

    /// Writes what was gathered. It stays gathered until it is written, whatever comes between.
    pub(super) async fn write(&self, database: &Database) -> Result<(), DatabaseError> {
        let mut seen: Vec<_> = self.lock().iter().map(|(id, at)| (*id, *at)).collect();
        // By the text of the ids, byte by byte, as everything that locks several rows does it: so no
        // two transactions wait for each other's.
        seen.sort_by_cached_key(|(id, _)| id.to_string());
        for batch in seen.chunks(BATCH) {
            write_batch(database, batch).await?;
            let mut seen = self.lock();
            for (id, at) in batch {
                // Seen once more in the meantime: the next time, then.
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
