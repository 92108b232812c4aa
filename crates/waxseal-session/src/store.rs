//! The session store: where an app keeps the records of its sessions, and learns of revocations.

use std::{error::Error, future::Future, sync::Arc};

use crate::{clock::Timestamp, id::SessionId, record::SessionRecord, state::State};

/// Keeps the records of sessions and knows which were revoked.
///
/// The middleware asks for the [`revocation_status`](Self::revocation_status) on every request, so
/// it answers from memory. The other methods run when a session is created, refreshed, changed or
/// revoked ([`load`](Self::load) on every request in database mode). A method that changes something
/// returns once the change is durable: the response goes out after it.
///
/// What an implementation has to ensure:
///
/// - The seal vouches for a session while the status is [`RevocationStatus::Active`]. So a store that
///   outlives the process loads all revocations before its first answer; one that does not answers
///   [`RevocationStatus::Revoked`] for every session it has not created itself.
/// - It remembers a revocation for as long as the session could be valid, even if the clock is set
///   back. [`RevocationList`](crate::RevocationList) keeps them; the store decides for how long.
/// - It counts the sessions it has created and revoked ([`telemetry`](crate::telemetry)), if they
///   are to show up in metrics.
///
/// Note that a handler that writes to the session of a visitor creates a session; a client that
/// keeps no cookies creates one with each such request.
///
/// [`MemoryStore`](crate::MemoryStore) is for tests and development; the crate
/// `waxseal-session-sqlx` has one for SQLite and PostgreSQL.
pub trait SessionStore: Send + Sync + 'static {
    /// Whether the session may still be used, as far as this node knows.
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus;

    /// A live session was used. Called on every request: collect it in memory. Does nothing by
    /// default.
    fn touch(&self, _id: &SessionId) {}

    /// Keeps a new session and revokes the one that it replaces. `false`, and nothing changes, when
    /// that one is over already.
    fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> impl Future<Output = Result<bool, StoreError>>;

    /// The state of a live session; `None` when it is over or unknown.
    fn load(&self, id: &SessionId) -> impl Future<Output = Result<Option<State>, StoreError>>;

    /// Moves the expiry of a live session, never back. `false` when the session is over or unknown:
    /// no record is created.
    fn extend(
        &self,
        id: &SessionId,
        expires_at: Timestamp,
    ) -> impl Future<Output = Result<bool, StoreError>>;

    /// Keeps the state of a live session and moves its expiry, never back. `false` when the session
    /// is over or unknown: no record is created.
    fn save(&self, session: &SessionRecord) -> impl Future<Output = Result<bool, StoreError>>;

    /// Revokes a session permanently. Revoking again changes nothing. A session without a record (in
    /// a restored database, say) is revoked too, until it expires.
    fn revoke(&self, session: &SessionRecord) -> impl Future<Output = Result<(), StoreError>>;
}

impl<S: SessionStore> SessionStore for Arc<S> {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        (**self).revocation_status(id)
    }

    fn touch(&self, id: &SessionId) {
        (**self).touch(id);
    }

    async fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> Result<bool, StoreError> {
        (**self).create(session, replaces).await
    }

    async fn load(&self, id: &SessionId) -> Result<Option<State>, StoreError> {
        (**self).load(id).await
    }

    async fn extend(&self, id: &SessionId, expires_at: Timestamp) -> Result<bool, StoreError> {
        (**self).extend(id, expires_at).await
    }

    async fn save(&self, session: &SessionRecord) -> Result<bool, StoreError> {
        (**self).save(session).await
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        (**self).revoke(session).await
    }
}

/// Whether a session may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationStatus {
    /// It was not revoked.
    Active,
    /// It was revoked.
    Revoked,
    /// The store has heard nothing of revocations for too long to say.
    Unknown,
}

/// A store could not be reached, or failed. Its source says why.
#[derive(Debug, thiserror::Error)]
#[error("the session store failed")]
pub struct StoreError(#[source] Box<dyn Error + Send + Sync>);

impl StoreError {
    /// A failure with its cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
