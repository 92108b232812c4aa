//! A session store in memory.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use crate::{
    clock::{Clock, Timestamp},
    id::SessionId,
    record::SessionRecord,
    state::State,
    store::{RevocationStatus, SessionStore, StoreError},
    telemetry,
};

/// Keeps sessions in the memory of this process, for tests and development.
///
/// It vouches only for sessions that it created itself, so a restart logs everyone out: after it, no
/// one could say which of the old cookies were revoked. For sessions that survive a restart or are
/// valid on several nodes, use a store on a database.
#[derive(Debug, Default)]
pub struct MemoryStore {
    clock: Clock,
    sessions: RwLock<Sessions>,
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
        Self { clock, sessions: RwLock::default() }
    }

    /// The number of sessions, including expired ones that were not removed yet.
    pub fn len(&self) -> usize {
        self.read().live.len()
    }

    /// Whether the store is empty.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // Every change is one insertion or removal, so a panic leaves nothing half done.
    fn read(&self) -> RwLockReadGuard<'_, Sessions> {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Sessions> {
        self.sessions.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a live session. `false` when there is none.
    fn update(&self, id: &SessionId, change: impl FnOnce(&mut SessionRecord)) -> bool {
        let now = self.clock.now();
        match self.write().live.get_mut(id).filter(|session| now < session.expires_at) {
            Some(session) => {
                change(session);
                true
            }
            None => false,
        }
    }
}

impl SessionStore for MemoryStore {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        match self.read().live.contains_key(id) {
            true => RevocationStatus::Active,
            false => RevocationStatus::Revoked,
        }
    }

    async fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        let now = self.clock.now();
        let mut sessions = self.write();
        if let Some(replaced) = replaces
            && sessions.live.remove(replaced).is_none_or(|session| now >= session.expires_at)
        {
            return Ok(false);
        }
        if sessions.live.len() >= sessions.sweep_at {
            sessions.live.retain(|_, session| now < session.expires_at);
            sessions.sweep_at = SWEEP_FROM.max(2 * sessions.live.len());
        }
        sessions.live.insert(session.id, session.clone());
        telemetry::session_created();
        telemetry::sessions_revoked(usize::from(replaces.is_some()));
        Ok(true)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<State>, StoreError> {
        let now = self.clock.now();
        let sessions = self.read();
        let session = sessions.live.get(id).filter(|session| now < session.expires_at);
        Ok(session.map(|session| session.state.clone()))
    }

    async fn extend(&self, id: &SessionId, expires_at: Timestamp) -> Result<bool, StoreError> {
        Ok(self.update(id, |session| session.expires_at = session.expires_at.max(expires_at)))
    }

    async fn save(&self, changed: &SessionRecord) -> Result<bool, StoreError> {
        Ok(self.update(&changed.id, |session| {
            session.state = changed.state.clone();
            session.expires_at = session.expires_at.max(changed.expires_at);
        }))
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        let was_live = self.write().live.remove(&session.id).is_some();
        telemetry::sessions_revoked(usize::from(was_live));
        Ok(())
    }
}
