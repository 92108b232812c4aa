//! What the clones of a store and its background tasks share.

use waxseal_session::{Clock, Revocation, RevocationFeed, SessionId, Timestamp};

use crate::{
    epoch::Epoch, error::RedisStoreError, keys::Keys, last_seen::LastSeen, requests::Requests,
};

#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) requests: Requests,
    pub(crate) keys: Keys,
    pub(crate) clock: Clock,
    pub(crate) feed: RevocationFeed,
    pub(crate) epoch: Epoch,
    pub(crate) last_seen: LastSeen,
}

impl Shared {
    /// How long expired sessions stay on their user's list, in seconds. As long as revocations: a session
    /// that is valid again because the clock was set back can still be revoked with all others.
    pub(crate) fn slack() -> u64 {
        RevocationFeed::RETENTION.as_secs()
    }

    /// This session was revoked here, and Redis has kept that.
    pub(crate) fn insert_revoked(&self, id: SessionId, expires_at: Timestamp) {
        self.feed.insert(Revocation { id, expires_at, replaced: None });
    }
}

/// A time that a script has returned.
pub(crate) fn timestamp(seconds: &str) -> Result<Timestamp, RedisStoreError> {
    let seconds = seconds.parse().map_err(|_| RedisStoreError::Corrupt("a time"))?;
    Ok(Timestamp::from_unix(seconds))
}
