use std::future::{Future, pending};

use waxseal_session::{
    RevocationStatus, SessionId, SessionMiddleware, SessionRecord, SessionStore, State,
    StateChanges, StoreError,
};

/// A store that opens sessions and can say nothing of them afterwards.
struct MockStore;

impl SessionStore for MockStore {
    fn revocation_status(&self, _: &SessionId) -> RevocationStatus {
        RevocationStatus::Unknown
    }

    fn revoked(&self, _: &SessionId) -> impl Future<Output = ()> + 'static {
        pending()
    }

    async fn create(&self, _: &SessionRecord, _: Option<&SessionId>) -> Result<bool, StoreError> {
        Ok(true)
    }

    async fn load(&self, _: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        Err(StoreError::new("details of the implementation"))
    }

    async fn save(&self, _: &SessionRecord, _: &StateChanges) -> Result<Option<State>, StoreError> {
        Err(StoreError::new("details of the implementation"))
    }

    async fn revoke(&self, _: &SessionRecord) -> Result<(), StoreError> {
        Err(StoreError::new("details of the implementation"))
    }
}
