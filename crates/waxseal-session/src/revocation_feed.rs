//! The revocation feed: keeps a node's revocation list up to date with its store, and knows how fresh it
//! is.

use std::{
    future::Future,
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use crate::{
    clock::{Clock, Timestamp},
    error_chain::ErrorChain,
    id::SessionId,
    interval::Interval,
    revocation_list::{REPLACEMENT_GRACE, Revocation, RevocationList},
    store::{RevocationStatus, StoreError},
};

/// The value of `synced_at` before the first time.
const NEVER: u64 = u64::MAX;

/// A node's revocation list and how fresh it is, for stores that several nodes share.
///
/// A store embeds one, answers [`status`](Self::status) and [`revoked`](Self::revoked) from it,
/// [inserts](Self::insert) what it has revoked itself, and runs [`follow`](Self::follow) in a task to
/// hear of the rest.
#[derive(Debug)]
pub struct RevocationFeed {
    clock: Clock,
    list: RevocationList,
    /// When the list was last complete, in milliseconds of the clock's elapsed time, or [`NEVER`].
    synced_at: AtomicU64,
    /// When expired entries were last removed: Unix seconds.
    swept_at: AtomicI64,
}

/// Where a [`RevocationFeed`] reads revocations.
///
/// A revocation counts as new when its transaction has committed, however long that took: order them by
/// commits, never by a clock, or one that commits late is missed.
pub trait RevocationSource {
    /// A position in the order of commits. `Default` is the beginning.
    type Position: Default;

    /// Passes every revocation committed since `after` to `insert`, and returns the position reached. To
    /// pass some again does no harm.
    fn read(
        &self,
        after: &Self::Position,
        insert: impl FnMut(Revocation),
    ) -> impl Future<Output = Result<Self::Position, StoreError>>;
}

impl RevocationFeed {
    /// How long the list is trusted without a word from the store.
    pub const MAX_STALENESS: Duration = Duration::from_secs(30);

    /// How long a late request with the cookie of a replaced session is told apart from one whose session
    /// has ended: one minute, longer than browsers and proxies usually wait for an answer.
    pub const REPLACEMENT_GRACE: Duration = REPLACEMENT_GRACE;

    /// How long a revocation is kept after its session has expired, so that setting the clock back does
    /// not revive the session.
    pub const RETENTION: Duration = Duration::from_secs(86_400);

    /// A feed that knows nothing yet: it answers [`RevocationStatus::Unknown`].
    pub fn new(clock: Clock) -> Self {
        let (synced_at, swept_at) = (AtomicU64::new(NEVER), AtomicI64::default());
        Self { clock, list: RevocationList::default(), synced_at, swept_at }
    }

    /// Whether a session may be used, as far as this node knows.
    pub fn status(&self, id: &SessionId) -> RevocationStatus {
        if self.list.contains(id) {
            return self.list.status(id, self.clock.now());
        }
        if self.is_fresh() { RevocationStatus::Active } else { RevocationStatus::Unknown }
    }

    /// Resolves when the session is revoked; at once if it was.
    pub fn revoked(&self, id: &SessionId) -> impl Future<Output = ()> + 'static + use<> {
        self.list.revoked(id)
    }

    /// Adds a session whose revocation is committed.
    pub fn insert(&self, revocation: Revocation) {
        self.list.insert(revocation);
    }

    /// Says that every revocation committed before `elapsed` (of the clock's
    /// [elapsed time](Clock::elapsed)) is on the list. Once an hour it removes entries whose sessions
    /// can no longer be valid.
    pub fn set_synced(&self, elapsed: Duration) {
        let millis = u64::try_from(elapsed.as_millis()).unwrap_or(NEVER);
        self.synced_at.store(millis, Ordering::Relaxed);
        let now = self.clock.earliest();
        let swept_at = Timestamp::from_unix(self.swept_at.load(Ordering::Relaxed));
        if now.since(swept_at) >= Duration::from_secs(3600) || now < swept_at {
            self.list.remove_expired_before(now - Self::RETENTION);
            self.swept_at.store(now.as_unix(), Ordering::Relaxed);
        }
    }

    /// Reads the revocations after this position once, and moves it.
    ///
    /// # Errors
    ///
    /// If the source fails. The position stays.
    pub async fn sync<S: RevocationSource>(
        &self,
        source: &S,
        position: &mut S::Position,
    ) -> Result<(), StoreError> {
        let elapsed = self.clock.elapsed();
        *position = source.read(position, |revocation| self.insert(revocation)).await?;
        self.set_synced(elapsed);
        Ok(())
    }

    /// Reads new revocations at this interval until the future is dropped, starting at `position`. After
    /// a failure it starts over from the beginning: the server that answers next may be another one, with
    /// an order of its own.
    pub async fn follow<S: RevocationSource>(
        &self,
        source: &S,
        mut position: S::Position,
        interval: Duration,
    ) {
        let mut interval = Interval::new(&self.clock, interval);
        let mut has_failed = false;
        loop {
            interval.tick().await;
            match self.sync(source, &mut position).await {
                Ok(()) if has_failed => {
                    has_failed = false;
                    log::info!("revocation feed: polling works again");
                }
                Ok(()) => {}
                Err(error) => {
                    position = S::Position::default();
                    if !has_failed {
                        log::warn!("revocation feed: polling failed: {}", ErrorChain(&error));
                    }
                    has_failed = true;
                }
            }
        }
    }

    /// Whether the list is fresh enough to tell whether a session is active.
    pub fn is_fresh(&self) -> bool {
        self.age() <= Self::MAX_STALENESS
    }

    /// The time since the list was last complete.
    pub fn age(&self) -> Duration {
        match self.synced_at.load(Ordering::Relaxed) {
            NEVER => Duration::MAX,
            synced_at => self.clock.elapsed().saturating_sub(Duration::from_millis(synced_at)),
        }
    }

    /// Passes every session on the list, with the time at which it would have expired, to `visit`.
    pub fn for_each(&self, visit: impl FnMut(SessionId, Timestamp)) {
        self.list.for_each(visit);
    }

    /// The number of sessions on the list; it takes time proportional to it.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether the list is empty.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }
}
