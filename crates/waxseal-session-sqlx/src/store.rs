//! The session store.

use std::{sync::Arc, time::Duration};

use waxseal_session::Clock;

use crate::{
    background::BackgroundTasks,
    database::{Database, DatabaseError, DatabaseUrl},
    last_seen::LastSeen,
    revocation::{FeedStatus, RevocationFeed},
};

/// Sessions in a database. Clones share the connections, the revocation list and the background tasks.
#[derive(Debug, Clone)]
pub struct SqlSessionStore {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) feed: Arc<RevocationFeed>,
    pub(crate) last_seen: Arc<LastSeen>,
    _tasks: Option<Arc<BackgroundTasks>>,
}

/// The health of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The database answered the latest poll.
    pub database: bool,
    /// The revocation list is fresh enough to tell whether a session is active.
    pub revocation_feed: bool,
}

impl SqlSessionStore {
    /// How often a store made by [`connect`](Self::connect) deletes expired sessions: every hour.
    pub const CLEANUP_INTERVAL: Duration = Duration::from_secs(3600);

    /// Connects to a database, creates the session table if it is missing, loads the revocations and
    /// starts the background tasks.
    ///
    /// The URL is `sqlite://FILE` (created if missing) or `postgres://USER:PASSWORD@HOST:PORT/NAME`.
    ///
    /// # Errors
    ///
    /// If the URL is invalid, or the database can't be opened or migrated.
    pub async fn connect(url: &str) -> Result<Self, DatabaseError> {
        let url: DatabaseUrl = url.parse()?;
        let database = Database::connect(&url).await?;
        let mut store = Self::load(database, Clock::system()).await?;
        store._tasks = Some(Arc::new(BackgroundTasks::spawn(store.clone())));
        Ok(store)
    }

    /// Makes a store on a connected database and loads the revocations. Keep [`run`](Self::run) running:
    /// without it, the store reports sessions as `Unknown` after 30 s.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn load(database: Database, clock: Clock) -> Result<Self, DatabaseError> {
        let store = Self::without_feed(database, clock);
        store.reload().await?;
        Ok(store)
    }

    /// Makes a store for a process that serves no requests, such as a command-line tool. It reads and
    /// changes sessions, but loads no revocations, so it reports every session as `Unknown`.
    pub fn without_feed(database: Database, clock: Clock) -> Self {
        let (feed, last_seen) = (Arc::default(), Arc::default());
        Self { database, clock, feed, last_seen, _tasks: None }
    }

    /// The database that holds the sessions.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The status of the revocation feed. This counts the entries of the list, so don't call it on every
    /// request.
    pub fn feed_status(&self) -> FeedStatus {
        self.feed.status(&self.clock)
    }

    /// The health of this node, as of the latest poll.
    pub fn health(&self) -> Health {
        Health {
            database: self.database.is_reachable(),
            revocation_feed: self.feed.is_fresh(&self.clock),
        }
    }

    pub(crate) async fn reload(&self) -> Result<(), DatabaseError> {
        self.feed.reload(&self.database, &self.clock).await
    }

    /// Reads the revocations since the previous poll. [`run`](Self::run) calls it every second.
    ///
    /// # Errors
    ///
    /// If the database fails. The next poll then covers the time since the last successful one.
    pub async fn poll(&self) -> Result<(), DatabaseError> {
        self.feed.poll(&self.database, &self.clock).await
    }

    /// Writes the last-seen times that are still in memory. [`run`](Self::run) calls it every 30 s; call
    /// it before the process ends.
    ///
    /// # Errors
    ///
    /// If the database fails. The times stay in memory for the next call.
    pub async fn write_last_seen(&self) -> Result<(), DatabaseError> {
        self.last_seen.write(&self.database).await
    }
}
