//! A session, as the registry keeps it.

use super::{id::SessionId, lifetimes::Lifetimes, state::State};
use crate::clock::Timestamp;

/// A session: what its row in a registry holds, and what a cookie seals.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// Its name.
    pub id: SessionId,
    /// When the person logged in.
    pub auth_time: Timestamp,
    /// When the session ends unless it is refreshed.
    pub expires_at: Timestamp,
    /// What handlers keep in it.
    pub state: State,
}

impl SessionRecord {
    /// A new session, opened `now`.
    pub fn open(lifetimes: &Lifetimes, now: Timestamp, state: State) -> Self {
        Self {
            id: SessionId::random(),
            auth_time: now,
            expires_at: lifetimes.expiry(now, now),
            state,
        }
    }
}
