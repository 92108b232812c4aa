//! A store to look into, and to break.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::Serialize;
use waxseal_session::{
    Clock, Replacement, Revocation, RevocationList, RevocationStatus, SessionId, SessionRecord,
    SessionStore, State, StateChanges, StoreError, Timestamp,
};

/// Keeps rows as a database would, records the calls, and fails on request.
pub struct Probe {
    clock: Clock,
    rows: Mutex<HashMap<SessionId, SessionRecord>>,
    /// The revocations that this node has heard of.
    revoked: RevocationList,
    /// Revocations by other nodes that this one has not heard of.
    unheard: Mutex<Vec<Revocation>>,
    calls: Mutex<Vec<Call>>,
    failing: AtomicBool,
    out_of_date: AtomicBool,
}

/// What can be asked of a store beyond the standing of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    Create,
    Load,
    /// To save no changes.
    Extend,
    Save,
    Revoke,
}

impl Probe {
    pub fn new(clock: Clock) -> Self {
        Self {
            clock,
            rows: Mutex::default(),
            revoked: RevocationList::default(),
            unheard: Mutex::default(),
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

    /// The states of all sessions, sorted.
    pub fn states(&self) -> Vec<String> {
        let rows = self.rows.lock().unwrap();
        let mut states: Vec<_> = rows.values().map(|row| row.state.to_json().to_owned()).collect();
        states.sort();
        states
    }

    /// How many sessions have not expired.
    pub fn live(&self) -> usize {
        let now = self.clock.now();
        self.rows.lock().unwrap().values().filter(|row| now < row.expires_at).count()
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
        self.end(id, self.clock.now(), None);
    }

    fn end(&self, id: &SessionId, expires_at: Timestamp, replaced: Option<Replacement>) {
        let known = self.row(id).map_or(expires_at, |row| row.latest_expiry);
        self.delete(id);
        let expires_at = known.max(expires_at);
        self.revoked.insert(Revocation { id: *id, expires_at, replaced });
    }

    /// Another node renews the session, and this one has not heard of it.
    pub fn replace_elsewhere(&self, id: &SessionId) {
        self.delete(id);
        let replaced = Some(Replacement { by: SessionId::random(), at: self.clock.now() });
        let revocation = Revocation { id: *id, expires_at: Timestamp::MAX, replaced };
        self.unheard.lock().unwrap().push(revocation);
    }

    /// The row goes, and this node has not heard of it.
    pub fn delete(&self, id: &SessionId) {
        self.rows.lock().unwrap().remove(id);
    }

    /// Adds a row behind the middleware's back.
    pub fn add(
        &self,
        id: SessionId,
        auth_time: Timestamp,
        expires_at: Timestamp,
        state: &impl Serialize,
    ) {
        let state = State::from_value(state).unwrap();
        self.rows.lock().unwrap().insert(
            id,
            SessionRecord { id, auth_time, expires_at, latest_expiry: expires_at, state },
        );
    }

    fn asked(&self, call: Call) -> Result<(), StoreError> {
        self.calls.lock().unwrap().push(call);
        if self.failing.load(Ordering::SeqCst) {
            return Err(StoreError::new("the database is down"));
        }
        Ok(())
    }
}

impl SessionStore for Probe {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        match self.out_of_date.load(Ordering::SeqCst) {
            true => RevocationStatus::Unknown,
            false => self.revoked.status(id, self.clock.now()),
        }
    }

    fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static {
        self.revoked.revoked(id)
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
            let by = Replacement { by: session.id, at: self.clock.now() };
            self.end(replaced, self.clock.now(), Some(by));
        }
        self.rows.lock().unwrap().insert(session.id, session.clone());
        Ok(true)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        self.asked(Call::Load)?;
        Ok(self.row(id).filter(|row| self.clock.now() < row.expires_at))
    }

    async fn save(
        &self,
        session: &SessionRecord,
        changes: &StateChanges,
    ) -> Result<Option<State>, StoreError> {
        self.asked(if changes.is_empty() { Call::Extend } else { Call::Save })?;
        let mut rows = self.rows.lock().unwrap();
        let row = rows.get_mut(&session.id).filter(|row| self.clock.now() < row.expires_at);
        Ok(row.map(|row| {
            row.state = changes.apply(&row.state);
            row.expires_at = row.expires_at.max(session.expires_at);
            row.latest_expiry = row.latest_expiry.max(session.latest_expiry);
            row.state.clone()
        }))
    }

    async fn catch_up(&self, id: &SessionId) -> Result<(), StoreError> {
        let mut unheard = self.unheard.lock().unwrap();
        unheard.extract_if(.., |it| it.id == *id).for_each(|it| self.revoked.insert(it));
        Ok(())
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        self.asked(Call::Revoke)?;
        self.end(&session.id, session.latest_expiry, None);
        Ok(())
    }
}
