//! The registry of apps without a database.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard},
};

use super::{
    id::SessionId,
    record::SessionRecord,
    registry::{Registry, RegistryError, Standing},
    state::State,
};
use crate::{
    clock::{Clock, Timestamp},
    telemetry,
};

/// Keeps sessions in this process's memory: for one node, and for as long as it runs.
///
/// It vouches only for sessions that it has seen opened. So a log-out holds for good, and a
/// restart logs everybody out: sealed cookies from before it are refused, because nobody
/// remembers which of them were revoked. Where sessions shall outlive the process, or be valid on
/// several nodes, implement [`Registry`] on what the app stores its data in.
#[derive(Debug, Default)]
pub struct MemoryRegistry {
    clock: Clock,
    sessions: RwLock<Sessions>,
}

#[derive(Debug, Default)]
struct Sessions {
    live: HashMap<SessionId, SessionRecord>,
    /// When `live` has grown to this, the expired ones are thrown out.
    sweep_at: usize,
}

/// Below this many sessions, looking for expired ones is not worth it.
const SWEEP_FROM: usize = 1024;

impl MemoryRegistry {
    /// An empty registry.
    pub fn new(clock: Clock) -> Self {
        Self { clock, sessions: RwLock::default() }
    }

    /// How many sessions it keeps; some may have expired.
    pub fn len(&self) -> usize {
        self.read().live.len()
    }

    /// Whether it keeps no session.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    // Every change below is one insertion or removal, so a panic leaves nothing half done.
    fn read(&self) -> RwLockReadGuard<'_, Sessions> {
        self.sessions.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Sessions> {
        self.sessions.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes a live session. `false` when there is none.
    fn change(&self, id: &SessionId, change: impl FnOnce(&mut SessionRecord)) -> bool {
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

impl Registry for MemoryRegistry {
    fn standing(&self, id: &SessionId) -> Standing {
        if self.read().live.contains_key(id) { Standing::Live } else { Standing::Revoked }
    }

    async fn open(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, RegistryError> {
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
        telemetry::session_opened();
        telemetry::sessions_revoked(usize::from(replaces.is_some()));
        Ok(true)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<State>, RegistryError> {
        let now = self.clock.now();
        let sessions = self.read();
        let session = sessions.live.get(id).filter(|session| now < session.expires_at);
        Ok(session.map(|session| session.state.clone()))
    }

    async fn refresh(&self, id: &SessionId, expires_at: Timestamp) -> Result<bool, RegistryError> {
        Ok(self.change(id, |session| session.expires_at = session.expires_at.max(expires_at)))
    }

    async fn save(&self, changed: &SessionRecord) -> Result<bool, RegistryError> {
        Ok(self.change(&changed.id, |session| {
            session.state = changed.state.clone();
            session.expires_at = session.expires_at.max(changed.expires_at);
        }))
    }

    async fn end(&self, session: &SessionRecord) -> Result<(), RegistryError> {
        let was_live = self.write().live.remove(&session.id).is_some();
        telemetry::sessions_revoked(usize::from(was_live));
        Ok(())
    }
}
