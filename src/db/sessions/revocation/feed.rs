//! The revocation feed: which sessions were revoked, here or on any other node.

use std::{
    sync::atomic::{AtomicI64, AtomicU64, Ordering},
    time::Duration,
};

use futures_util::TryStreamExt;
use tokio::time::timeout;

use super::super::{connect::Database, error::DatabaseError, rows::RevokedSession};
use crate::{
    clock::{Clock, Timestamp},
    session::{RevocationList, SessionId, Standing},
};

/// How long the list is trusted without a word from the database.
const MAX_STALENESS: Duration = Duration::from_secs(30);

/// How far back a poll looks behind the one before: rows of concurrent transactions become
/// visible out of order, and the clocks of nodes differ.
const OVERLAP: Duration = Duration::from_secs(60);

/// How long after its session's expiry a revocation is kept, so that a clock that is set back does
/// not bring the session to life again.
pub(in super::super) const REVOCATION_RETENTION: Duration = Duration::from_secs(86_400);

/// How long a poll may take, and how long reading everything.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);
const RELOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// The database was not heard yet.
const NEVER: u64 = u64::MAX;

/// What this node has heard of revocations.
#[derive(Debug)]
pub(in super::super) struct Feed {
    revoked: RevocationList,
    /// When the database was last heard, by the clock's time that passes: milliseconds,
    /// or [`NEVER`].
    heard_at: AtomicU64,
    /// When it was last heard, by the time of day: Unix seconds.
    heard_until: AtomicI64,
    /// When expired entries were last thrown out: Unix seconds.
    swept_at: AtomicI64,
}

/// How much a node has heard of revocations, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Revocations {
    /// How many revoked sessions are on the list.
    pub entries: usize,
    /// How long ago the database was last heard.
    pub feed_age: Duration,
}

impl Feed {
    /// Whether a session may be used, as far as this node knows.
    pub(in super::super) fn standing(&self, id: &SessionId, clock: &Clock) -> Standing {
        if self.revoked.contains(id) {
            return Standing::Revoked;
        }
        if self.is_fresh(clock) { Standing::Live } else { Standing::Unknown }
    }

    /// Whether what this node knows is new enough to vouch for sessions.
    pub(in super::super) fn is_fresh(&self, clock: &Clock) -> bool {
        self.silence(clock) <= MAX_STALENESS
    }

    pub(in super::super) fn revocations(&self, clock: &Clock) -> Revocations {
        Revocations { entries: self.revoked.len(), feed_age: self.silence(clock) }
    }

    /// Puts sessions on the list that a committed transaction has revoked.
    pub(in super::super) fn note(&self, ended: &[RevokedSession]) {
        for session in ended {
            self.revoked.insert(session.id, session.expires_at);
        }
    }

    /// Reads all revocations that still matter.
    pub(in super::super) async fn reload(
        &self,
        database: &Database,
        clock: &Clock,
    ) -> Result<(), DatabaseError> {
        self.hear_since(Timestamp::MIN, database, clock).await
    }

    /// Reads the revocations since the last time; all, where the clock was set back since, because
    /// what was forgotten may matter again.
    pub(in super::super) async fn poll(
        &self,
        database: &Database,
        clock: &Clock,
    ) -> Result<(), DatabaseError> {
        let last = Timestamp::from_unix(self.heard_until.load(Ordering::Relaxed));
        let since = if clock.now() < last { Timestamp::MIN } else { last - OVERLAP };
        let heard = self.hear_since(since, database, clock).await;
        database.set_reachable(!matches!(heard, Err(DatabaseError::Database(_))));
        heard
    }

    async fn hear_since(
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
            // One by one: all of them may be a million.
            while let Some(row) = rows.try_next().await? {
                self.note(&[RevokedSession::read(&row)?]);
            }
            Ok::<_, DatabaseError>(())
        };
        let time = if since == Timestamp::MIN { RELOAD_TIMEOUT } else { POLL_TIMEOUT };
        timeout(time, reading).await.map_err(|_| DatabaseError::Busy)??;
        self.heard(elapsed, now);
        self.sweep(clock.earliest());
        Ok(())
    }

    /// How long the database was not heard.
    fn silence(&self, clock: &Clock) -> Duration {
        match self.heard_at.load(Ordering::Relaxed) {
            NEVER => Duration::MAX,
            heard_at => clock.elapsed().saturating_sub(Duration::from_millis(heard_at)),
        }
    }

    fn heard(&self, at: Duration, until: Timestamp) {
        let millis = u64::try_from(at.as_millis()).unwrap_or(u64::MAX);
        self.heard_at.store(millis, Ordering::Relaxed);
        self.heard_until.store(until.as_unix(), Ordering::Relaxed);
    }

    /// Once an hour: what could no longer be valid need not be remembered.
    fn sweep(&self, now: Timestamp) {
        let swept_at = Timestamp::from_unix(self.swept_at.load(Ordering::Relaxed));
        if now.since(swept_at) >= Duration::from_secs(3600) || now < swept_at {
            self.revoked.forget_expired_before(now - REVOCATION_RETENTION);
            self.swept_at.store(now.as_unix(), Ordering::Relaxed);
        }
    }
}

impl Default for Feed {
    fn default() -> Self {
        Self {
            revoked: RevocationList::default(),
            heard_at: AtomicU64::new(NEVER),
            heard_until: AtomicI64::default(),
            swept_at: AtomicI64::default(),
        }
    }
}
