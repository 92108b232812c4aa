//! The revocation list: which sessions were revoked and could still be valid.

use scc::HashIndex;

use super::id::SessionId;
use crate::clock::Timestamp;

/// The ids of the revoked sessions, each with the time when it would have expired.
///
/// Asked on every request, so asking takes no lock; changed when a session is revoked. An entry
/// takes under 64 bytes (`benches/revocation.rs` measures it).
#[derive(Debug, Default)]
pub struct RevocationList(HashIndex<SessionId, Timestamp>);

impl RevocationList {
    /// Adds a session that would have lived until `expires_at`.
    pub fn insert(&self, id: SessionId, expires_at: Timestamp) {
        // Already there: the first entry stays; a session's end does not move after its
        // revocation.
        let _known = self.0.insert_sync(id, expires_at);
    }

    /// Whether a session was revoked.
    pub fn contains(&self, id: &SessionId) -> bool {
        self.0.contains(id)
    }

    /// Forgets the sessions that would have expired before `then`.
    pub fn forget_expired_before(&self, then: Timestamp) {
        self.0.retain_sync(|_, expires_at| *expires_at >= then);
    }

    /// How many sessions are on the list. It counts them one by one.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether no session is on the list.
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
        list.forget_expired_before(Timestamp::from_unix(100));
        assert!(list.contains(&id));
        list.forget_expired_before(Timestamp::from_unix(101));
        assert!(!list.contains(&id));
    }
}
