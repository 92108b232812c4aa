//! Last-seen times: collected in memory and written in batches, outside requests.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError, TryLockError},
};

use waxseal_session::{SessionId, Timestamp};

use crate::{error::RedisStoreError, requests::within_timeout, scripts, shared::Shared};

/// How many are written at once.
const BATCH: usize = 500;

/// The last-seen times that are not yet written.
#[derive(Debug, Default)]
pub(crate) struct LastSeen(Mutex<HashMap<SessionId, Timestamp>>);

impl LastSeen {
    /// Records that a session was seen. Skips it if another thread holds the lock: a request doesn't wait
    /// for this, and the session's next request will be recorded.
    pub(crate) fn note(&self, id: SessionId, now: Timestamp) {
        match self.0.try_lock() {
            Ok(mut seen) => seen.insert(id, now),
            Err(TryLockError::Poisoned(seen)) => seen.into_inner().insert(id, now),
            Err(TryLockError::WouldBlock) => None,
        };
    }

    /// A session's last-seen time, if it is not yet written.
    pub(crate) fn of(&self, id: &SessionId) -> Option<Timestamp> {
        self.lock().get(id).copied()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shared {
    /// Writes all collected times. Each stays in memory until it is written.
    pub(crate) async fn write_last_seen(&self) -> Result<(), RedisStoreError> {
        let seen: Vec<_> = self.last_seen.lock().iter().map(|(id, at)| (*id, *at)).collect();
        for batch in seen.chunks(BATCH) {
            let mut script = scripts::TOUCH.prepare_invoke();
            for (id, at) in batch {
                script.key(self.keys.session(id)).arg(at.as_unix());
            }
            within_timeout(self.requests.run::<()>(&script)).await?;
            let mut seen = self.last_seen.lock();
            for (id, at) in batch {
                // If the session was seen again meanwhile, the next write includes it.
                if seen.get(id) == Some(at) {
                    seen.remove(id);
                }
            }
        }
        Ok(())
    }
}
