//! When sessions were last seen: gathered in memory, written in batches, never on a request's way.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
};

use super::{connect::Database, error::DatabaseError};
use crate::{clock::Timestamp, session::SessionId};

/// How many rows one transaction writes: few enough that others don't wait for it.
const BATCH: usize = 200;

/// The sessions that were seen since the last batch was written.
#[derive(Debug, Default)]
pub(super) struct LastSeen(Mutex<HashMap<SessionId, Timestamp>>);

impl LastSeen {
    /// Notes that a session was seen. Where another thread is noting at this very moment, it is
    /// let go: a request does not wait for this, and the next one will be noted.
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
    pub(super) async fn write(&self, storage: &Database) -> Result<(), DatabaseError> {
        let mut seen: Vec<_> = self.lock().iter().map(|(id, at)| (*id, *at)).collect();
        // In one order on every node, so that no two wait for each other's rows.
        seen.sort_unstable();
        for batch in seen.chunks(BATCH) {
            write_batch(storage, batch).await?;
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
    storage: &Database,
    batch: &[(SessionId, Timestamp)],
) -> Result<(), DatabaseError> {
    let mut transaction = storage.write().await?;
    for (id, at) in batch {
        let query =
            sqlx::query("UPDATE sessions SET last_seen = $1 WHERE id = $2 AND last_seen < $1")
                .bind(at.as_unix())
                .bind(id.to_string());
        transaction.execute(query).await?;
    }
    transaction.commit().await
}
