//! The session store: the sessions in the database, and what this node has in memory of them.

use std::sync::Arc;

use super::{
    connect::Database,
    error::DatabaseError,
    last_seen::LastSeen,
    revocation::feed::{Feed, Revocations},
};
use crate::clock::Clock;

/// The sessions in the database; in memory, which clones share, the ids of those that were revoked,
/// and when the others were last seen.
#[derive(Debug, Clone)]
pub struct SqlSessionStore {
    pub(super) database: Database,
    pub(super) clock: Clock,
    pub(super) feed: Arc<Feed>,
    pub(super) last_seen: Arc<LastSeen>,
}

/// Whether a node can do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The database answered when the feed last asked.
    pub database: bool,
    /// The feed is fresh enough to vouch for sessions.
    pub revocation_feed: bool,
}

impl SqlSessionStore {
    /// Reads the ids of the revoked sessions; from then on the store can vouch for the others, as
    /// long as [`poll`](Self::poll) is called every second.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn load(database: Database, clock: Clock) -> Result<Self, DatabaseError> {
        let store = Self::without_feed(database, clock);
        store.reload().await?;
        Ok(store)
    }

    /// A store for a process that serves no requests, such as the command line: it reads and
    /// changes records like any other, but has heard of no revocation and so vouches for no session.
    pub fn without_feed(database: Database, clock: Clock) -> Self {
        let (feed, last_seen) = (Arc::default(), Arc::default());
        Self { database, clock, feed, last_seen }
    }

    /// Where it keeps the sessions.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// What this node has heard of revocations. It counts the list's entries, so it is not for every
    /// request.
    pub fn revocations(&self) -> Revocations {
        self.feed.revocations(&self.clock)
    }

    pub(super) async fn reload(&self) -> Result<(), DatabaseError> {
        self.feed.reload(&self.database, &self.clock).await
    }

    /// Reads the revocations since the last time; to be called every second.
    ///
    /// # Errors
    ///
    /// When the database fails; the next call looks back as far as this one would have.
    pub async fn poll(&self) -> Result<(), DatabaseError> {
        self.feed.poll(&self.database, &self.clock).await
    }

    /// What the feed has last heard.
    pub fn health(&self) -> Health {
        Health {
            database: self.database.is_reachable(),
            revocation_feed: self.feed.is_fresh(&self.clock),
        }
    }

    /// Writes when sessions were last seen; to be called every 30 s, and before the end.
    ///
    /// # Errors
    ///
    /// When the database fails; what was not written is kept for the next time.
    pub async fn write_last_seen(&self) -> Result<(), DatabaseError> {
        self.last_seen.write(&self.database).await
    }
}
