//! The background tasks of a store.

use std::time::Duration;

use tokio::task::JoinHandle;
use waxseal_session::{ErrorChain, Interval};

use crate::{
    revocation::{FeedSource, listen},
    store::SqlSessionStore,
};

/// How often new revocations are read.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How often last-seen times are written. People read them as "last seen 5 minutes ago".
const LAST_SEEN_INTERVAL: Duration = Duration::from_secs(30);

/// A store's background tasks. They stop when this is dropped.
#[derive(Debug)]
pub(crate) struct BackgroundTasks(JoinHandle<()>);

impl BackgroundTasks {
    /// Starts the tasks. `store` must not hold the tasks itself, or they would never stop.
    pub(crate) fn spawn(store: SqlSessionStore) -> Self {
        Self(tokio::spawn(async move { store.run(SqlSessionStore::CLEANUP_INTERVAL).await }))
    }

    pub(crate) fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for BackgroundTasks {
    fn drop(&mut self) {
        self.stop();
    }
}

impl SqlSessionStore {
    /// Runs the background tasks until the future is dropped: follows the revocation feed, writes
    /// last-seen times and deletes expired sessions. Call it on a store made by [`load`](Self::load);
    /// [`connect`](Self::connect) and [`new`](Self::new) start the tasks themselves.
    pub async fn run(&self, cleanup_interval: Duration) {
        let source = FeedSource { database: &self.database, clock: &self.clock };
        tokio::join!(
            self.feed.follow(&source, self.position.clone(), POLL_INTERVAL),
            listen(self),
            self.keep_last_seen(),
            self.keep_clean(cleanup_interval)
        );
    }

    async fn keep_last_seen(&self) {
        let mut interval = Interval::new(&self.clock, LAST_SEEN_INTERVAL);
        loop {
            interval.tick().await;
            if let Err(error) = self.write_last_seen().await {
                log::warn!("last-seen times could not be written: {}", ErrorChain(&error));
            }
        }
    }

    async fn keep_clean(&self, period: Duration) {
        let mut interval = Interval::new(&self.clock, period);
        loop {
            match self.clean_up().await {
                Ok(0) => log::debug!("no expired sessions to delete"),
                Ok(count) => log::info!("cleaned up: {count} expired sessions"),
                Err(error) => log::warn!("clean-up of sessions failed: {}", ErrorChain(&error)),
            }
            interval.tick().await;
        }
    }
}
