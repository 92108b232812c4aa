//! The revocation feed: keeps the list of revoked sessions in memory up to date with the database.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use futures_util::TryStreamExt;
use tokio::time::timeout;
use waxseal_session::{Clock, RevocationList, RevocationStatus, SessionId, Timestamp};

use crate::{database::Database, database::DatabaseError, session_info::RevokedSession};

/// How long the list is trusted after the last successful poll.
const MAX_STALENESS: Duration = Duration::from_secs(30);

/// How far a poll reaches back before the previous one: concurrent transactions commit out of order, and
/// the clocks of nodes differ.
const OVERLAP: Duration = Duration::from_secs(60);

/// How long a revocation is kept after its session has expired, so that setting the clock back does not
/// revive the session.
pub(crate) const REVOCATION_RETENTION: Duration = Duration::from_secs(86_400);

/// How long a poll may take.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long loading all revocations may take.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// The value of `polled_at` before the first successful poll.
const NEVER: u64 = u64::MAX;

/// This node's revocation list and how fresh it is.
#[derive(Debug)]
pub(crate) struct RevocationFeed {
    revoked: RevocationList,
    /// When a poll last succeeded, in milliseconds of the clock's elapsed time, or [`NEVER`].
    polled_at: AtomicU64,
    /// The same in wall-clock time: Unix seconds.
    polled_until: AtomicI64,
    /// When expired entries were last removed: Unix seconds.
    swept_at: AtomicI64,
}

/// The state of a node's revocation feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedStatus {
    /// The number of revoked sessions on the list.
    pub entries: usize,
    /// The time since the latest successful poll.
    pub age: Duration,
}

impl RevocationFeed {
    /// Whether a session may be used, as far as this node knows.
    pub(crate) fn revocation_status(&self, id: &SessionId, clock: &Clock) -> RevocationStatus {
        if self.revoked.contains(id) {
            return RevocationStatus::Revoked;
        }
        if self.is_fresh(clock) { RevocationStatus::Active } else { RevocationStatus::Unknown }
    }

    /// Whether the list is fresh enough to tell whether a session is active.
    pub(crate) fn is_fresh(&self, clock: &Clock) -> bool {
        self.age(clock) <= MAX_STALENESS
    }

    pub(crate) fn status(&self, clock: &Clock) -> FeedStatus {
        FeedStatus { entries: self.revoked.len(), age: self.age(clock) }
    }

    /// Adds sessions that a committed transaction has revoked.
    pub(crate) fn insert(&self, revoked: &[RevokedSession]) {
        for session in revoked {
            self.revoked.insert(session.id, session.expires_at);
        }
    }

    /// Loads all revocations that still matter.
    pub(crate) async fn reload(
        &self,
        database: &Database,
        clock: &Clock,
    ) -> Result<(), DatabaseError> {
        self.read_since(Timestamp::MIN, database, clock).await
    }

    /// Reads the revocations since the previous poll. If the clock was set back, it reads all of them,
    /// because removed entries may matter again.
    pub(crate) async fn poll(
        &self,
        database: &Database,
        clock: &Clock,
    ) -> Result<(), DatabaseError> {
        let last = Timestamp::from_unix(self.polled_until.load(Ordering::Relaxed));
        let since = if clock.now() < last { Timestamp::MIN } else { last - OVERLAP };
        let outcome = self.read_since(since, database, clock).await;
        database.set_reachable(!matches!(outcome, Err(DatabaseError::Database(_))));
        outcome
    }

    async fn read_since(
        &self,
        since: Timestamp,
        database: &Database,
        clock: &Clock,
    ) -> Result<(), DatabaseError> {
        let (elapsed, now) = (clock.elapsed(), clock.now());
        let matters_from = clock.earliest() - REVOCATION_RETENTION;
        let reading = async {
            let mut rows = sqlx::query(
                "SELECT id, expires_at FROM waxseal_sessions
                 WHERE revoked_at >= $1 AND expires_at >= $2",
            )
            .bind(since.as_unix())
            .bind(matters_from.as_unix())
            .fetch(&database.feed_pool);
            // Row by row: there may be a million.
            while let Some(row) = rows.try_next().await? {
                self.insert(&[RevokedSession::read(&row)?]);
            }
            Ok::<_, DatabaseError>(())
        };
        let time = if since == Timestamp::MIN { RELOAD_TIMEOUT } else { POLL_TIMEOUT };
        timeout(time, reading).await.map_err(|_| DatabaseError::Busy)??;
        self.set_polled(elapsed, now);
        self.sweep(clock.earliest());
        Ok(())
    }

    /// The time since the latest successful poll.
    fn age(&self, clock: &Clock) -> Duration {
        match self.polled_at.load(Ordering::Relaxed) {
            NEVER => Duration::MAX,
            polled_at => clock.elapsed().saturating_sub(Duration::from_millis(polled_at)),
        }
    }

    fn set_polled(&self, at: Duration, until: Timestamp) {
        let millis = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        self.polled_at.store(millis, Ordering::Relaxed);
        self.polled_until.store(until.as_unix(), Ordering::Relaxed);
    }

    /// Removes entries whose sessions can no longer be valid, once an hour.
    fn sweep(&self, now: Timestamp) {
        let swept_at = Timestamp::from_unix(self.swept_at.load(Ordering::Relaxed));
        if now.since(swept_at) >= Duration::from_secs(3600) || now < swept_at {
            self.revoked.remove_expired_before(now - REVOCATION_RETENTION);
            self.swept_at.store(now.as_unix(), Ordering::Relaxed);
        }
    }
}

impl Default for RevocationFeed {
    fn default() -> Self {
        Self {
            revoked: RevocationList::default(),
            polled_at: AtomicU64::new(NEVER),
            polled_until: AtomicI64::default(),
            swept_at: AtomicI64::default(),
        }
    }
}
