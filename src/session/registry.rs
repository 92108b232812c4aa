//! The registry: where an app keeps the rows of its sessions, and learns which were revoked.

use std::{error::Error, future::Future};

use super::{id::SessionId, record::SessionRecord, state::State};
use crate::clock::Timestamp;

/// What the session layer tells an app of its sessions, and asks of it.
///
/// [`standing`](Registry::standing) is asked on every request and answers from memory. The rest
/// happens when a session is opened, refreshed, changed or ended (in database mode
/// [`load`](Registry::load) on every request, too). A method that changes something returns when
/// the change is kept: the response goes out after it.
///
/// The seal vouches for a session as long as `standing` says [`Standing::Live`]. So a registry
/// that outlives the process has to know what was revoked before it answers for the first time;
/// one that does not says [`Standing::Revoked`] of every session it has not seen opened. And a
/// revocation must be remembered for as long as the session could be valid, on a clock that is
/// set back, too: [`RevocationList`](super::RevocationList) keeps them, you say until when.
///
/// Which sessions were opened and revoked, the registry knows best: it counts what it has kept
/// ([`telemetry`](crate::telemetry)), if it wants that to be seen.
///
/// A visitor into whose state a handler puts something has a session from then on; programs that
/// keep no cookies open one with each such request.
///
/// [`MemoryRegistry`](super::MemoryRegistry) is the one for apps without a database;
/// `waxseal::storage` has one on SQL.
pub trait Registry: Send + Sync + 'static {
    /// Whether the session may still be used, as far as this node has heard.
    fn standing(&self, id: &SessionId) -> Standing;

    /// A live session was used. Asked on every request, too: whoever wants to keep it gathers it
    /// in memory. By default nobody does.
    fn seen(&self, _id: &SessionId) {}

    /// Keeps a new session, and ends the one that it takes the place of. `false`, and nothing is
    /// kept, when that one is over already: what it was renewed for happened too late.
    fn open(
        &self,
        session: &SessionRecord,
        replaces: Option<&SessionId>,
    ) -> impl Future<Output = Result<bool, RegistryError>>;

    /// The state of a live session; `None` when it is over or was never there.
    fn load(&self, id: &SessionId) -> impl Future<Output = Result<Option<State>, RegistryError>>;

    /// Moves the expiry of a live session, never back. `false` when it is over: nothing is
    /// created then.
    fn refresh(
        &self,
        id: &SessionId,
        expires_at: Timestamp,
    ) -> impl Future<Output = Result<bool, RegistryError>>;

    /// Keeps the state of a live session and moves its expiry, never back. `false` when it is
    /// over: nothing is created then.
    fn save(&self, session: &SessionRecord) -> impl Future<Output = Result<bool, RegistryError>>;

    /// Revokes a session, for good. One that is over already stays so; one whose row is missing
    /// (in a database that was restored, say) is revoked all the same, until it expires.
    fn end(&self, session: &SessionRecord) -> impl Future<Output = Result<(), RegistryError>>;
}

/// Whether a session may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// Not revoked.
    Live,
    /// Revoked.
    Revoked,
    /// This node has not heard of revocations for too long to say.
    Unknown,
}

/// A registry could not be reached, or failed; its source says why.
#[derive(Debug, thiserror::Error)]
#[error("the registry failed")]
pub struct RegistryError(#[source] Box<dyn Error + Send + Sync>);

impl RegistryError {
    /// A failure with its cause.
    pub fn new(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self(cause.into())
    }
}
