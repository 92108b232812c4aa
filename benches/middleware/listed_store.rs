//! A store that costs what every store's list costs, and nothing else.

use std::future::Future;

use waxseal_session::{
    RevocationList, RevocationStatus, SessionId, SessionRecord, SessionStore, State, StateChanges,
    StoreError, Timestamp,
};

/// A store that answers from memory: a list of revoked sessions, and one state for all others.
pub struct ListedStore {
    pub revoked: RevocationList,
    pub state: State,
}

impl SessionStore for ListedStore {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        match self.revoked.contains(id) {
            true => RevocationStatus::Revoked,
            false => RevocationStatus::Active,
        }
    }

    fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static {
        self.revoked.revoked(id)
    }

    async fn create(&self, _: &SessionRecord, _: Option<&SessionId>) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        let (auth_time, expires_at) = (Timestamp::MIN, Timestamp::MAX);
        Ok(Some(SessionRecord {
            id: *id,
            auth_time,
            expires_at,
            latest_expiry: expires_at,
            state: self.state.clone(),
        }))
    }

    async fn save(
        &self,
        _: &SessionRecord,
        changes: &StateChanges,
    ) -> Result<Option<State>, StoreError> {
        Ok(Some(changes.apply(&self.state)))
    }

    async fn revoke(&self, _: &SessionRecord) -> Result<(), StoreError> {
        Ok(())
    }
}
