//! The background tasks of a store.

use std::{sync::Arc, time::Duration};

use tokio::task::JoinHandle;
use waxseal_session::{ErrorChain, Interval, RevocationFeed};

use crate::{
    error::RedisStoreError,
    feed::{self, Feed},
    requests::within_timeout,
    scripts,
    shared::Shared,
};

/// How often last-seen times are written. People read them as "last seen 5 minutes ago".
const LAST_SEEN_INTERVAL: Duration = Duration::from_secs(30);

/// How often old revocations are removed. Redis removes sessions that have expired by itself.
const CLEANUP_INTERVAL: Duration = Duration::from_secs(3600);

/// A store's background tasks. They stop when this is dropped.
#[derive(Debug)]
pub(crate) struct BackgroundTasks(JoinHandle<()>);

impl BackgroundTasks {
    pub(crate) fn spawn(shared: Arc<Shared>, feed: Feed) -> Self {
        Self(tokio::spawn(async move {
            tokio::join!(feed::follow(&shared, feed), shared.keep_last_seen(), shared.keep_clean());
        }))
    }
}

impl Drop for BackgroundTasks {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Shared {
    async fn keep_last_seen(&self) {
        let mut interval = Interval::new(&self.clock, LAST_SEEN_INTERVAL);
        loop {
            interval.tick().await;
            if let Err(error) = self.write_last_seen().await {
                log::warn!("last-seen times could not be written: {}", ErrorChain(&error));
            }
        }
    }

    async fn keep_clean(&self) {
        let mut interval = Interval::new(&self.clock, CLEANUP_INTERVAL);
        loop {
            interval.tick().await;
            match self.clean_up().await {
                Ok(count) => log::debug!("cleaned up: {count} revocations"),
                Err(error) => log::warn!("clean-up of revocations failed: {}", ErrorChain(&error)),
            }
        }
    }

    /// Removes revocations of sessions that expired more than a day ago. The day is for clocks that are
    /// set back: a revocation must stay while its session could still be valid.
    async fn clean_up(&self) -> Result<usize, RedisStoreError> {
        let before = self.clock.earliest() - RevocationFeed::RETENTION;
        let mut script = scripts::CLEAN.prepare_invoke();
        script.key(&self.keys.revoked).arg(before.as_unix());
        within_timeout(self.requests.run(&script)).await
    }
}
