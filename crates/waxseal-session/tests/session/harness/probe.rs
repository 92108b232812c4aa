//! A store to look into, and to break.

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::Value;
use waxseal_session::{
    Clock, RevocationStatus, SessionId, SessionRecord, SessionStore, State, StoreError, Timestamp,
};

/// Keeps rows as a database would, records the calls, and fails on request.
pub struct Probe {
    clock: Clock,
    rows: Mutex<HashMap<SessionId, SessionRecord>>,
    /// The revocations that this node has heard of.
    revoked: Mutex<HashSet<SessionId>>,
    calls: Mutex<Vec<Call>>,
    failing: AtomicBool,
    out_of_date: AtomicBool,
}

/// What can be asked of a store beyond the standing of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Create,
    Load,
    Extend,
    Save,
    Revoke,
}

impl Probe {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            rows: Mutex::default(),
            revoked: Mutex::default(),
            calls: Mutex::default(),
            failing: AtomicBool::new(false),
            out_of_date: AtomicBool::new(false),
        }
    }

    /// The row of a session that was not ended.
    pub fn row(&self, id: &SessionId) -> Option<SessionRecord> {
        self.rows.lock().unwrap().get(id).cloned()
    }

    pub fn len(&self) -> usize {
        self.rows.lock().unwrap().len()
    }

    /// What was asked since the last time.
    pub fn calls(&self) -> Vec<Call> {
        std::mem::take(&mut self.calls.lock().unwrap())
    }

    /// From now on, or no longer, the database can't be reached.
    pub fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// From now on, or no longer, the node has not heard of revocations for too long.
    pub fn out_of_date(&self, out_of_date: bool) {
        self.out_of_date.store(out_of_date, Ordering::SeqCst);
    }

    /// Somebody else ends the session, and this node has heard of it.
    pub fn revoke(&self, id: &SessionId) {
        self.delete(id);
        self.revoked.lock().unwrap().insert(*id);
    }

    /// The row goes, and this node has not heard of it.
    pub fn delete(&self, id: &SessionId) {
        self.rows.lock().unwrap().remove(id);
    }

    /// Adds a row behind the middleware's back.
    pub fn add(&self, id: SessionId, auth_time: Timestamp, expires_at: Timestamp, state: &Value) {
        let state = State::from_value(state).unwrap();
        self.rows.lock().unwrap().insert(id, SessionRecord { id, auth_time, expires_at, state });
    }

    fn asked(&self, call: Call) -> Result<(), StoreError> {
        self.calls.lock().unwrap().push(call);
        if self.failing.load(Ordering::SeqCst) {
            return Err(StoreError::new("the database is down"));
        }
        Ok(())
    }

    fn change(&self, id: &SessionId, change: impl FnOnce(&mut SessionRecord)) -> bool {
        let mut rows = self.rows.lock().unwrap();
        let row = rows.get_mut(id).filter(|row| self.clock.now() < row.expires_at);
        row.map(change).is_some()
    }
}

impl SessionStore for Probe {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        if self.out_of_date.load(Ordering::SeqCst) {
            RevocationStatus::Unknown
        } else if self.revoked.lock().unwrap().contains(id) {
            RevocationStatus::Revoked
        } else {
            RevocationStatus::Active
        }
    }

    async fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        self.asked(Call::Create)?;
        if let Some(replaced) = replaces {
            if self.row(replaced).is_none_or(|row| self.clock.now() >= row.expires_at) {
                return Ok(false);
            }
            self.revoke(replaced);
        }
        self.rows.lock().unwrap().insert(session.id, session.clone());
        Ok(true)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<State>, StoreError> {
        self.asked(Call::Load)?;
        let row = self.row(id).filter(|row| self.clock.now() < row.expires_at);
        Ok(row.map(|row| row.state))
    }

    async fn extend(&self, id: &SessionId, expires_at: Timestamp) -> Result<bool, StoreError> {
        self.asked(Call::Extend)?;
        Ok(self.change(id, |row| row.expires_at = row.expires_at.max(expires_at)))
    }

    async fn save(&self, session: &SessionRecord) -> Result<bool, StoreError> {
        self.asked(Call::Save)?;
        Ok(self.change(&session.id, |row| {
            row.state = session.state.clone();
            row.expires_at = row.expires_at.max(session.expires_at);
        }))
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        self.asked(Call::Revoke)?;
        self.revoke(&session.id);
        Ok(())
    }
}
