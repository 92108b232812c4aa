//! The session store: the sessions in the database, and what this node has in memory of them.

use std::sync::Arc;

use super::{
    access::WriteTransaction,
    connect::Database,
    error::DatabaseError,
    feed::{Feed, Revocations},
    last_seen::LastSeen,
    notifications,
    session_rows::RevokedSession,
};
use crate::{clock::Clock, telemetry};

/// The sessions in the database; in memory (which clones share), the ids of those that were revoked, and when the
/// others were last seen.
///
/// In waxseal's own server every session is opened by a log-in, a sign-up or a password change,
/// in one transaction with what they do; its [`Registry`](crate::session::Registry) part serves handlers that use the
/// session layer directly.
#[derive(Debug, Clone)]
pub struct SqlSessionStore {
    pub(super) storage: Database,
    pub(super) clock: Clock,
    pub(super) feed: Arc<Feed>,
    pub(super) last_seen: Arc<LastSeen>,
}

/// Whether a node can do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The database was there when it was last asked.
    pub database: bool,
    /// It was heard from lately enough to vouch for sessions.
    pub revocation_feed: bool,
}

impl SqlSessionStore {
    /// Reads the ids of the revoked sessions; from then on the store can vouch for the others, as
    /// long as [`poll`](Self::poll) is called every second.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn load(storage: Database, clock: Clock) -> Result<Self, DatabaseError> {
        let store = Self::without_feed(storage, clock);
        store.reload().await?;
        Ok(store)
    }

    /// A store for a process that serves no requests, such as the command line: it reads and
    /// changes rows like any other, but has heard of no revocation and so vouches for no session.
    pub fn without_feed(storage: Database, clock: Clock) -> Self {
        let (feed, last_seen) = (Arc::default(), Arc::default());
        Self { storage, clock, feed, last_seen }
    }

    /// What this node has heard of revocations. It counts the list's entries, so it is not for every
    /// request.
    pub fn revocations(&self) -> Revocations {
        self.feed.revocations(&self.clock)
    }

    pub(super) async fn reload(&self) -> Result<(), DatabaseError> {
        self.feed.reload(&self.storage, &self.clock).await
    }

    /// Commits a transaction that revokes sessions, has every other node told of it, and puts them
    /// on the list. By itself: whatever becomes of whoever asked for it, the list has what the
    /// database has.
    pub(super) async fn commit(
        &self,
        mut transaction: WriteTransaction,
        ended: Vec<RevokedSession>,
    ) -> Result<(), DatabaseError> {
        let feed = Arc::clone(&self.feed);
        let committing = async move {
            notifications::announce(&mut transaction, &ended).await?;
            transaction.commit().await?;
            feed.note(&ended);
            telemetry::sessions_revoked(ended.len());
            Ok(())
        };
        tokio::spawn(committing).await?
    }

    /// Reads the revocations since the last time; to be called every second.
    ///
    /// # Errors
    ///
    /// When the database fails; the next call looks back as far as this one would have.
    pub async fn poll(&self) -> Result<(), DatabaseError> {
        self.feed.poll(&self.storage, &self.clock).await
    }

    /// What the feed has last heard.
    pub fn health(&self) -> Health {
        Health {
            database: self.storage.is_reachable(),
            revocation_feed: self.feed.is_fresh(&self.clock),
        }
    }

    /// Writes when sessions were last seen; to be called every 30 s, and before the end.
    ///
    /// # Errors
    ///
    /// When the database fails; what was not written is kept for the next time.
    pub async fn write_last_seen(&self) -> Result<(), DatabaseError> {
        self.last_seen.write(&self.storage).await
    }
}
