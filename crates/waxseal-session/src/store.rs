//! The session store: where an app keeps the records of its sessions, and learns of revocations.

use std::{error::Error, future::Future, io, sync::Arc};

use crate::{
    clock::Timestamp, id::SessionId, record::SessionRecord, state::State,
    state_changes::StateChanges,
};

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
/// - It remembers a revocation for as long as a cookie of the session could be valid: until the
///   [`latest_expiry`](SessionRecord::latest_expiry), even if the clock is set back. The record's expiry
///   does not tell: in a database restored from a backup, it may be older than the cookie.
/// - It counts the sessions it has created and revoked ([`telemetry`](crate::telemetry)), if they
///   are to show up in metrics.
///
/// A store that several nodes share embeds a [`RevocationFeed`](crate::RevocationFeed): it has the
/// list, its freshness and the task that follows the others' revocations. [`StateChanges::apply`] merges
/// concurrent changes. [`testing::acceptance_suite`](crate::testing::acceptance_suite) checks the rest.
///
/// Note that a handler that writes to the session of a visitor creates a session; a client that
/// keeps no cookies creates one with each such request.
///
/// [`MemoryStore`](crate::MemoryStore) is for tests and development,
/// [`StatelessStore`](crate::StatelessStore) keeps no records; the crates `waxseal-session-sqlx` and
/// `waxseal-session-redis` have stores for several nodes.
pub trait SessionStore: Send + Sync + 'static {
    /// Whether the session may still be used, as far as this node knows.
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus;

    /// Sessions that began earlier (`auth_time`) are over, whatever their
    /// [`revocation_status`](Self::revocation_status): the store has lost data, and can no longer tell
    /// which of them were revoked. [`Timestamp::MIN`] by default.
    fn valid_since(&self) -> Timestamp {
        Timestamp::MIN
    }

    /// Resolves when this node learns that the session was revoked; at once if it was.
    fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static;

    /// A live session was used. Called on every request: collect it in memory. Does nothing by
    /// default.
    fn touch(&self, _id: &SessionId) {}

    /// Keeps a new session and revokes the one that it replaces, which then has the status
    /// [`RevocationStatus::Replaced`]. `false`, and nothing changes, when that one is over already.
    fn create(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> impl Future<Output = Result<bool, StoreError>>;

    /// A live session as it is now; `None` when it is over or unknown.
    fn load(
        &self,
        id: &SessionId,
    ) -> impl Future<Output = Result<Option<SessionRecord>, StoreError>>;

    /// Moves the expiry and the latest expiry of a live session, never back, and applies the changes (there may be none) to its
    /// state as it is now, atomically. Returns the state that the session has then; `None` when it is
    /// over or unknown: no record is created.
    fn save(
        &self,
        session: &SessionRecord,
        changes: &StateChanges,
    ) -> impl Future<Output = Result<Option<State>, StoreError>>;

    /// Revokes a session permanently. Revoking again announces it again. A session without a record (in
    /// a restored database, say) is revoked too. The revocation is kept until the latest expiry of the
    /// record or of `session`, whichever is later.
    fn revoke(&self, session: &SessionRecord) -> impl Future<Output = Result<(), StoreError>>;

    /// Reads whether a session without a live record was revoked on another node, before this node would hear
    /// of it. Does nothing by default.
    fn catch_up(&self, _id: &SessionId) -> impl Future<Output = Result<(), StoreError>> {
        std::future::ready(Ok(()))
    }

    /// Whether the store keeps records. Without them there is no database mode, and of two changes at
    /// once the cookie that arrives last wins.
    fn keeps_records(&self) -> bool {
        true
    }

    /// The address of the memory that sessions are kept in, if they end with the process: the middleware
    /// says so at start. `None` by default.
    #[doc(hidden)]
    fn memory_address(&self) -> Option<usize> {
        None
    }
}

impl<S: SessionStore> SessionStore for Arc<S> {
    fn revocation_status(&self, id: &SessionId) -> RevocationStatus {
        (**self).revocation_status(id)
    }

    fn valid_since(&self) -> Timestamp {
        (**self).valid_since()
    }

    fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static {
        (**self).revoked(id)
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

    async fn load(&self, id: &SessionId) -> Result<Option<SessionRecord>, StoreError> {
        (**self).load(id).await
    }

    async fn save(
        &self,
        session: &SessionRecord,
        changes: &StateChanges,
    ) -> Result<Option<State>, StoreError> {
        (**self).save(session, changes).await
    }

    async fn revoke(&self, session: &SessionRecord) -> Result<(), StoreError> {
        (**self).revoke(session).await
    }

    async fn catch_up(&self, id: &SessionId) -> Result<(), StoreError> {
        (**self).catch_up(id).await
    }

    fn keeps_records(&self) -> bool {
        (**self).keeps_records()
    }

    fn memory_address(&self) -> Option<usize> {
        (**self).memory_address()
    }
}

/// Whether a session may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RevocationStatus {
    /// It was not revoked.
    Active,
    /// It was revoked.
    Revoked,
    /// It was renewed within the last minute: revoked, and another session took its place.
    Replaced {
        /// The session that took its place.
        by: SessionId,
    },
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

impl From<StoreError> for io::Error {
    fn from(error: StoreError) -> Self {
        Self::other(error)
    }
}
