//! The revocation list: sessions that were revoked before they expired.

use scc::HashIndex;

use crate::{clock::Timestamp, id::SessionId};

/// The ids of revoked sessions, each with the time at which it would have expired.
///
/// Look-ups happen on every request and take no lock. An entry takes less than 64 bytes
/// (`benches/revocation.rs`).
#[derive(Debug, Default)]
pub struct RevocationList(HashIndex<SessionId, Timestamp>);

impl RevocationList {
    /// Adds a session that would have expired at `expires_at`.
    pub fn insert(&self, id: SessionId, expires_at: Timestamp) {
        // An existing entry stays: the expiry of a revoked session does not move.
        let _known = self.0.insert_sync(id, expires_at);
    }

    /// Whether a session was revoked.
    pub fn contains(&self, id: &SessionId) -> bool {
        self.0.contains(id)
    }

    /// Removes the sessions that would have expired before `then`.
    pub fn remove_expired_before(&self, then: Timestamp) {
        self.0.retain_sync(|_, expires_at| *expires_at >= then);
    }

    /// The number of sessions on the list; it takes time proportional to it.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_on_the_list_until_it_would_have_expired() {
        let (list, id) = (RevocationList::default(), SessionId::random());
        list.insert(id, Timestamp::from_unix(100));
        list.remove_expired_before(Timestamp::from_unix(100));
        assert!(list.contains(&id));
        list.remove_expired_before(Timestamp::from_unix(101));
        assert!(!list.contains(&id));
    }
}
