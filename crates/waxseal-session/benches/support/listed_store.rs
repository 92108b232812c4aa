//! A store that costs what every store's list costs, and nothing else.

use waxseal_session::{
    RevocationList, RevocationStatus, SessionId, SessionRecord, SessionStore, State, StoreError,
    Timestamp,
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

    async fn create(&self, _: &SessionRecord, _: Option<&SessionId>) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn load(&self, _: &SessionId) -> Result<Option<State>, StoreError> {
        Ok(Some(self.state.clone()))
    }

    async fn extend(&self, _: &SessionId, _: Timestamp) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn save(&self, _: &SessionRecord) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn revoke(&self, _: &SessionRecord) -> Result<(), StoreError> {
        Ok(())
    }
}
