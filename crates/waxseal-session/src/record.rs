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
    /// What handlers read and write.
    pub state: State,
}

impl SessionRecord {
    /// A new session that starts `now`.
    pub fn new(policy: &ExpiryPolicy, now: Timestamp, state: State) -> Self {
        Self { id: SessionId::random(), auth_time: now, expires_at: policy.expiry(now, now), state }
    }
}
