//! What this node remembers of recent responses, so that late ones do no harm. It is shared by all
//! middlewares of the process, also where an app builds one for each worker: session ids are unique, and
//! the rest is hashed.

use std::{
    hash::{BuildHasher, RandomState},
    sync::LazyLock,
    time::Duration,
};

use scc::HashCache;
use waxseal_seal::token_len;

use crate::{
    clock::Timestamp,
    id::{BuildIdHasher, SessionId},
    revocation_list::Replacement,
    state::State,
};

/// How many sessions are remembered of each kind; the least recently used are forgotten first. An entry
/// takes less than 64 bytes.
const SESSIONS: usize = 65_536;

/// How long a late request can follow the log-in that made its cookie obsolete.
const LATE: Duration = Duration::from_secs(60);

pub(crate) static NODE: LazyLock<NodeMemory> = LazyLock::new(|| NodeMemory {
    hasher: RandomState::new(),
    states: HashCache::with_capacity_and_hasher(0, SESSIONS, BuildIdHasher::default()),
    successors: HashCache::with_capacity(0, SESSIONS),
});

pub(crate) struct NodeMemory {
    hasher: RandomState,
    /// The hash of the latest state of sessions that were changed here.
    states: HashCache<SessionId, u64, BuildIdHasher>,
    /// The session that took the place of a rejected cookie.
    successors: HashCache<u64, Replacement>,
}

/// Names a rejected cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct CookieHash(u64);

impl NodeMemory {
    /// The session has this state now.
    pub(crate) fn remember_state(&self, id: &SessionId, state: &State) {
        let hash = self.hasher.hash_one(state.to_json());
        if let Err((_, hash)) = self.states.put_sync(*id, hash) {
            // It was remembered before.
            if let Some(mut known) = self.states.get_sync(id) {
                known.put(hash);
            }
        }
    }

    /// Whether a cookie's state is another one than the latest that this node knows of.
    pub(crate) fn is_outdated(&self, id: &SessionId, state: &State) -> bool {
        let known = self.states.read_sync(id, |_, hash| *hash);
        known.is_some_and(|hash| hash != self.hasher.hash_one(state.to_json()))
    }

    /// Names a cookie of a session.
    pub(crate) fn of_session(&self, id: &SessionId) -> CookieHash {
        CookieHash(self.hasher.hash_one(id))
    }

    /// Names a cookie that does not unseal. `None` if it is shorter than any token: many browsers could
    /// have the same one.
    pub(crate) fn of_value(&self, value: &[u8]) -> Option<CookieHash> {
        (value.len() >= token_len(0)).then(|| CookieHash(self.hasher.hash_one(value)))
    }

    /// Someone who had the cookie has logged in since.
    pub(crate) fn remember_successor(&self, cookie: CookieHash, by: SessionId, now: Timestamp) {
        let successor = Replacement { by, at: now };
        if let Err((_, successor)) = self.successors.put_sync(cookie.0, successor)
            && let Some(mut known) = self.successors.get_sync(&cookie.0)
        {
            known.put(successor);
        }
    }

    /// The session that has taken the cookie's place within the last minute.
    pub(crate) fn successor(&self, cookie: CookieHash, now: Timestamp) -> Option<SessionId> {
        let successor = self.successors.read_sync(&cookie.0, |_, successor| *successor)?;
        (now.since(successor.at) < LATE).then_some(successor.by)
    }
}
