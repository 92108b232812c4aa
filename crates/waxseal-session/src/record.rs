//! A session as stores keep it.

use crate::{clock::Timestamp, expiry::ExpiryPolicy, id::SessionId, state::State};

/// A session: what a store keeps of it, and what its cookie seals.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// The session's id.
    pub id: SessionId,
    /// When the person logged in.
    pub auth_time: Timestamp,
    /// When the session expires unless it is refreshed.
    pub expires_at: Timestamp,
    /// When it expires at the latest, however often it is refreshed: `auth_time` + lifetime. Until then a
    /// cookie of it could be valid, so a revocation is kept until then.
    pub latest_expiry: Timestamp,
    /// What handlers read and write.
    pub state: State,
}

impl SessionRecord {
    /// A new session that starts `now`.
    pub fn new(policy: &ExpiryPolicy, now: Timestamp, state: State) -> Self {
        let (expires_at, latest_expiry) = (policy.expiry(now, now), policy.latest_expiry(now));
        Self { id: SessionId::random(), auth_time: now, expires_at, latest_expiry, state }
    }
}
