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

/// Whether a node can do its work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// The database answered the latest poll.
    pub database: bool,
    /// The revocation feed is fresh enough to vouch for sessions.
    pub revocation_feed: bool,
}

impl SqlSessionStore {
    /// How often [`connect`](Self::connect) has expired sessions deleted: every hour.
    pub const CLEANUP_INTERVAL: Duration = Duration::from_secs(3600);

    /// Connects to a database, creates the table of sessions if it is missing, loads the revocations
    /// and starts the background tasks.
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

    /// Loads the revocations from a database that is connected. The store vouches for sessions as long
    /// as [`run`](Self::run) runs.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn load(database: Database, clock: Clock) -> Result<Self, DatabaseError> {
        let store = Self::without_feed(database, clock);
        store.reload().await?;
        Ok(store)
    }

    /// A store for a process that serves no requests, such as a command line: it reads and changes
    /// records, but knows of no revocation and so vouches for no session.
    pub fn without_feed(database: Database, clock: Clock) -> Self {
        let (feed, last_seen) = (Arc::default(), Arc::default());
        Self { database, clock, feed, last_seen, _tasks: None }
    }

    /// The database that holds the sessions.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The state of the revocation feed. It counts the revocation list, so do not call it on every
    /// request.
    pub fn feed_status(&self) -> FeedStatus {
        self.feed.status(&self.clock)
    }

    /// Whether this node can do its work, as of the latest poll.
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
    /// If the database fails; the next poll covers this one's time too.
    pub async fn poll(&self) -> Result<(), DatabaseError> {
        self.feed.poll(&self.database, &self.clock).await
    }

    /// Writes when sessions were last seen. [`run`](Self::run) calls it every 30 s; call it before the
    /// process ends.
    ///
    /// # Errors
    ///
    /// If the database fails; the times are kept for the next call.
    pub async fn write_last_seen(&self) -> Result<(), DatabaseError> {
        self.last_seen.write(&self.database).await
    }
}
