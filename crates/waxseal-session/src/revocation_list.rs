//! The revocation list: sessions that were revoked before they expired.

use std::{
    collections::HashMap,
    future::Future,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use scc::{HashIndex, hash_index::Entry};
use tokio::sync::Notify;

use crate::{
    clock::Timestamp,
    id::{BuildIdHasher, SessionId},
    store::RevocationStatus,
};

/// See [`RevocationFeed::REPLACEMENT_GRACE`](crate::RevocationFeed::REPLACEMENT_GRACE).
pub(crate) const REPLACEMENT_GRACE: Duration = Duration::from_secs(60);

/// A session that was revoked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocation {
    /// The session's id.
    pub id: SessionId,
    /// The latest time at which a cookie of it could be valid.
    pub expires_at: Timestamp,
    /// The session that took its place, if it was renewed.
    pub replaced: Option<Replacement>,
}

/// The session that took another one's place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replacement {
    /// The new session.
    pub by: SessionId,
    /// When.
    pub at: Timestamp,
}

/// The ids of revoked sessions, each with the time at which it would have expired.
///
/// Look-ups happen on every request and take no lock. An entry takes less than 64 bytes
/// (`benches/revocation.rs`).
#[derive(Debug, Default)]
pub struct RevocationList {
    revoked: HashIndex<SessionId, Timestamp, BuildIdHasher>,
    /// The sessions that were replaced in the last minute.
    replaced: HashIndex<SessionId, Replacement>,
    waiting: Waiting,
}

impl RevocationList {
    /// Adds a revoked session, and wakes what waits for [`revoked`](Self::revoked).
    pub fn insert(&self, revocation: Revocation) {
        let Revocation { id, expires_at, replaced } = revocation;
        if let Some(replacement) = replaced {
            self.replaced.retain_sync(|_, other| is_recent(other, replacement.at));
            let _known = self.replaced.insert_sync(id, replacement);
        }
        match self.revoked.entry_sync(id) {
            Entry::Vacant(entry) => drop(entry.insert_entry(expires_at)),
            // Announced again, perhaps with a later expiry.
            Entry::Occupied(mut entry) if *entry.get() < expires_at => entry.update(expires_at),
            Entry::Occupied(_) => {}
        }
        self.waiting.wake(&id);
    }

    /// Whether a session was revoked: `Active` if not.
    pub fn status(&self, id: &SessionId, now: Timestamp) -> RevocationStatus {
        if !self.revoked.contains(id) {
            return RevocationStatus::Active;
        }
        match self.replaced.peek_with(id, |_, replacement| *replacement) {
            Some(replacement) if is_recent(&replacement, now) => {
                RevocationStatus::Replaced { by: replacement.by }
            }
            _ => RevocationStatus::Revoked,
        }
    }

    /// Whether a session was revoked.
    pub fn contains(&self, id: &SessionId) -> bool {
        self.revoked.contains(id)
    }

    /// Resolves when the session is revoked; at once if it was.
    pub fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static + use<> {
        let notify = self.waiting.of(id);
        let notified = notify.clone().notified_owned();
        // Looked up after the registration: a revocation in between is seen by one of the two.
        let is_revoked = self.revoked.contains(id);
        async move {
            if !is_revoked {
                notified.await;
            }
            drop(notify);
        }
    }

    /// Removes the sessions that would have expired before `then`.
    pub fn remove_expired_before(&self, then: Timestamp) {
        self.revoked.retain_sync(|_, expires_at| *expires_at >= then);
    }

    /// Passes every session on the list, with the time at which it would have expired, to `visit`.
    pub fn for_each(&self, mut visit: impl FnMut(SessionId, Timestamp)) {
        self.revoked.iter_sync(|id, expires_at| {
            visit(*id, *expires_at);
            true
        });
    }

    /// The number of sessions on the list; it takes time proportional to it.
    pub fn len(&self) -> usize {
        self.revoked.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.revoked.is_empty()
    }
}

fn is_recent(replacement: &Replacement, now: Timestamp) -> bool {
    now.since(replacement.at) < REPLACEMENT_GRACE
}

/// What waits for the end of sessions: open sockets and event streams. When there are as many as the number
/// says, those that no one waits for any more are removed.
#[derive(Debug, Default)]
struct Waiting(Mutex<HashMap<SessionId, Weak<Notify>>>, AtomicUsize);

/// Below this many sessions, removing those that no one waits for any more is not worth the time.
const SWEEP_FROM: usize = 64;

impl Waiting {
    fn of(&self, id: &SessionId) -> Arc<Notify> {
        let mut waiting = self.lock();
        if let Some(notify) = waiting.get(id).and_then(Weak::upgrade) {
            return notify;
        }
        if waiting.len() >= self.1.load(Ordering::Relaxed).max(SWEEP_FROM) {
            waiting.retain(|_, notify| notify.strong_count() > 0);
            self.1.store(2 * waiting.len(), Ordering::Relaxed);
        }
        let notify = Arc::new(Notify::new());
        waiting.insert(*id, Arc::downgrade(&notify));
        notify
    }

    fn wake(&self, id: &SessionId) {
        if let Some(notify) = self.lock().remove(id).and_then(|notify| notify.upgrade()) {
            notify.notify_waiters();
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<SessionId, Weak<Notify>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn revocation(expires_at: i64) -> Revocation {
        let expires_at = Timestamp::from_unix(expires_at);
        Revocation { id: SessionId::random(), expires_at, replaced: None }
    }

    #[test]
    fn a_session_is_on_the_list_until_it_would_have_expired() {
        let (list, revocation) = (RevocationList::default(), revocation(100));
        list.insert(revocation);
        list.remove_expired_before(Timestamp::from_unix(100));
        assert!(list.contains(&revocation.id));
        list.remove_expired_before(Timestamp::from_unix(101));
        assert!(!list.contains(&revocation.id));
    }

    #[test]
    fn a_revocation_announced_again_stays_until_the_later_expiry() {
        let (list, revocation) = (RevocationList::default(), revocation(100));
        list.insert(revocation);
        for expires_at in [300, 200] {
            list.insert(Revocation { expires_at: Timestamp::from_unix(expires_at), ..revocation });
        }
        list.remove_expired_before(Timestamp::from_unix(300));
        assert!(list.contains(&revocation.id));
    }

    #[test]
    fn a_replaced_session_is_told_apart_for_a_minute() {
        let (list, now, by) =
            (RevocationList::default(), Timestamp::from_unix(1000), SessionId::random());
        let replaced = Some(Replacement { by, at: now });
        let revocation = Revocation { replaced, ..revocation(2000) };
        list.insert(revocation);
        let after = |seconds| list.status(&revocation.id, now + Duration::from_secs(seconds));
        assert_eq!(after(59), RevocationStatus::Replaced { by });
        assert_eq!(after(60), RevocationStatus::Revoked);
    }

    #[actix_web::test]
    async fn who_waits_for_a_revocation_is_woken() {
        let (list, revocation) = (RevocationList::default(), revocation(100));
        let (one, other) = (list.revoked(&revocation.id), list.revoked(&revocation.id));
        let unrelated = list.revoked(&SessionId::random());
        list.insert(revocation);
        tokio::join!(one, other, list.revoked(&revocation.id));
        tokio::select! {
            biased;
            () = unrelated => panic!("that session was not revoked"),
            () = tokio::task::yield_now() => {}
        }
    }
}
