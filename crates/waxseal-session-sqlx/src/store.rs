//! The session store.

use std::{sync::Arc, time::Duration};

use waxseal_session::{Clock, ErrorChain, RevocationFeed};

use crate::{
    background::BackgroundTasks,
    database::{Database, DatabaseError, DatabaseStatus, DatabaseUrl, SessionPool},
    last_seen::LastSeen,
    revocation::{FeedPosition, FeedSource},
};

/// Sessions in a database. Clones share the connections, the revocation list and the background tasks.
#[derive(Debug, Clone)]
pub struct SqlSessionStore {
    pub(crate) database: Database,
    pub(crate) clock: Clock,
    pub(crate) feed: Arc<RevocationFeed>,
    /// Up to where the feed has read when the store was made.
    pub(crate) position: FeedPosition,
    pub(crate) last_seen: Arc<LastSeen>,
    tasks: Option<Arc<BackgroundTasks>>,
}

/// The state of a node's revocation feed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FeedStatus {
    /// The number of revoked sessions on the list.
    pub entries: usize,
    /// The time since the latest successful poll.
    pub age: Duration,
}

/// The health of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// What the database can do.
    pub database: DatabaseStatus,
    /// The revocation list is fresh enough to tell whether a session is active.
    pub revocation_feed: bool,
}

impl SqlSessionStore {
    /// How often a store deletes expired sessions, unless [`run`](Self::run) says otherwise: every hour.
    pub const CLEANUP_INTERVAL: Duration = Duration::from_secs(3600);

    /// Makes a store on a connection pool of the app's own. It creates the session table if it is missing,
    /// loads the revocations and starts the background tasks.
    ///
    /// The store takes a connection now and then, for a statement or a short transaction. On PostgreSQL it
    /// also opens a connection of its own, to listen for notifications.
    ///
    /// ```no_run
    /// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
    /// let pool = sqlx::PgPool::connect("postgres://app@localhost/app").await?;
    /// let store = waxseal_session_sqlx::SqlSessionStore::new(pool.clone()).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// If the database fails, or can't be migrated.
    pub async fn new(pool: impl Into<SessionPool>) -> Result<Self, DatabaseError> {
        Self::start(Database::with_pool(pool).await?).await
    }

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
        Self::start(Database::connect(&url).await?).await
    }

    async fn start(database: Database) -> Result<Self, DatabaseError> {
        let mut store = Self::load(database, Clock::system()).await?;
        store.tasks = Some(Arc::new(BackgroundTasks::spawn(store.clone())));
        Ok(store)
    }

    /// Makes a store on a connected database and loads the revocations. Keep [`run`](Self::run) running:
    /// without it, the store reports sessions as `Unknown` after 30 s.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn load(database: Database, clock: Clock) -> Result<Self, DatabaseError> {
        let mut store = Self::without_feed(database, clock);
        let (elapsed, start) = (store.clock.elapsed(), FeedPosition::default());
        let source = FeedSource { database: &store.database, clock: &store.clock };
        let mut insert = |revocation| store.feed.insert(revocation);
        let loaded = source.read_after(&start, &mut insert).await;
        let position = loaded.map_err(|error| store.database.explain(error))?;
        store.feed.set_synced(elapsed);
        store.position = position;
        Ok(store)
    }

    /// Makes a store for a process that serves no requests, such as a command-line tool. It reads and
    /// changes sessions, but loads no revocations, so it reports every session as `Unknown`.
    pub fn without_feed(database: Database, clock: Clock) -> Self {
        let feed = Arc::new(RevocationFeed::new(clock.clone()));
        let (position, last_seen) = (FeedPosition::default(), Arc::default());
        Self { database, clock, feed, position, last_seen, tasks: None }
    }

    /// The database that holds the sessions.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The status of the revocation feed. This counts the entries of the list, so don't call it on every
    /// request.
    pub fn feed_status(&self) -> FeedStatus {
        FeedStatus { entries: self.feed.len(), age: self.feed.age() }
    }

    /// The health of this node, as of the latest poll.
    pub fn health(&self) -> Health {
        Health { database: self.database.status(), revocation_feed: self.feed.is_fresh() }
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

    /// Stops the background tasks, writes the last-seen times and [closes](Database::close) the database.
    /// Call it before the process ends: on SQLite the file alone is complete then. A pool of the app's own
    /// stays open.
    pub async fn close(&self) {
        if let Some(tasks) = &self.tasks {
            tasks.stop();
        }
        if let Err(error) = self.write_last_seen().await {
            log::warn!("last-seen times could not be written: {}", ErrorChain(&error));
        }
        self.database.close().await;
    }
}
