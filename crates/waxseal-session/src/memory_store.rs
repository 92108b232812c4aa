//! A session store in memory.

use std::{
    collections::HashMap,
    future::Future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use crate::{
    clock::{Clock, Timestamp},
    id::SessionId,
    record::SessionRecord,
    revocation_list::{Replacement, Revocation, RevocationList},
    state::State,
    state_changes::StateChanges,
    store::{RevocationStatus, SessionStore, StoreError},
    telemetry,
};

/// Keeps sessions in the memory of this process, for tests and development.
///
/// It vouches only for sessions that it created itself, so a restart logs everyone out: after it, no
/// one could say which of the old cookies were revoked. For sessions that survive a restart or are
/// valid on several nodes, use [`StatelessStore`](crate::StatelessStore) or a store on a database.
///
/// Clones share the sessions.
#[derive(Debug, Clone, Default)]
pub struct MemoryStore(Arc<Memory>);

#[derive(Debug, Default)]
struct Memory {
    clock: Clock,
    sessions: Mutex<Sessions>,
    revoked: RevocationList,
}

#[derive(Debug, Default)]
struct Sessions {
    live: HashMap<SessionId, SessionRecord>,
    /// When `live` has grown to this size, expired sessions are removed.
    sweep_at: usize,
}

/// Below this many sessions, removing expired ones is not worth the time.
const SWEEP_FROM: usize = 1024;

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// An empty store that goes by this clock; the middleware needs the same one.
    pub fn with_clock(clock: Clock) -> Self {
        Self(Arc::new(Memory { clock, ..Memory::default() }))
    }

    /// The number of sessions, including expired ones that were not removed yet.
    pub fn len(&self) -> usize {
        self.0.lock().live.len()
    }

    /// Whether the store is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Memory {
    // Every change is one insertion or removal, so a panic leaves nothing half done.
    fn lock(&self) -> MutexGuard<'_, Sessions> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn insert(&self, session: &SessionRecord) {
        let mut sessions = self.lock();
        if sessions.live.len() >= sessions.sweep_at {
            let now = self.clock.now();
            sessions.live.retain(|_, session| now < session.expires_at);
            sessions.sweep_at = SWEEP_FROM.max(2 * sessions.live.len());
            self.revoked.remove_expired_before(now);
        }
        sessions.live.insert(session.id, session.clone());
    }

    /// Removes a session. `None` if there is none, or it has expired.
    fn remove(&self, id: &SessionId) -> Option<SessionRecord> {
        let session = self.lock().live.remove(id);
        session.filter(|session| self.clock.now() < session.expires_at)
    }
}

impl SessionStore for MemoryStore {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        match self.0.lock().live.contains_key(id) {
            true => RevocationStatus::Active,
            // Also what it has never heard of.
            false => match self.0.revoked.status(id, self.0.clock.now()) {
                RevocationStatus::Active => RevocationStatus::Revoked,
                status => status,
            },
        }
    }

    fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static {
        self.0.revoked.revoked(id)
    }

    async fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        if let Some(replaced) = replaces {
            let Some(SessionRecord { id, latest_expiry, .. }) = self.0.remove(replaced) else {
                return Ok(false);
            };
            let replaced = Some(Replacement { by: session.id, at: self.0.clock.now() });
            self.0.revoked.insert(Revocation { id, expires_at: latest_expiry, replaced });
        }
        self.0.insert(session);
        telemetry::session_created();
        telemetry::sessions_revoked(usize::from(replaces.is_some()));
        Ok(true)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let now = self.0.clock.now();
        Ok(self.0.lock().live.get(id).filter(|session| now < session.expires_at).cloned())
    }

    async fn save(
        &self,
        changed: &SessionRecord,
        changes: &StateChanges,
    ) -> Result<Option<State>, StoreError> {
        let now: Timestamp = self.0.clock.now();
        let mut sessions = self.0.lock();
        let session = sessions.live.get_mut(&changed.id);
        Ok(session.filter(|session| now < session.expires_at).map(|session| {
            session.state = changes.apply(&session.state);
            session.expires_at = session.expires_at.max(changed.expires_at);
            session.latest_expiry = session.latest_expiry.max(changed.latest_expiry);
            session.state.clone()
        }))
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        let removed = self.0.lock().live.remove(&session.id);
        telemetry::sessions_revoked(usize::from(removed.is_some()));
        let kept = removed.map_or(Timestamp::MIN, |record| record.latest_expiry);
        let expires_at = kept.max(session.latest_expiry).max(session.expires_at);
        self.0.revoked.insert(Revocation { id: session.id, expires_at, replaced: None });
        Ok(())
    }

    fn memory_address(&self) -> Option<usize> {
        Some(Arc::as_ptr(&self.0).addr())
    }
}
