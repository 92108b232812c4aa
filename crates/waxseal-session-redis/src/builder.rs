//! Settings of a store.

use std::sync::Arc;

use waxseal_session::{Clock, RevocationFeed};

use crate::{
    background::BackgroundTasks,
    epoch::{CLOCK_TOLERANCE, Epoch},
    error::RedisStoreError,
    feed::Feed,
    keys::Keys,
    last_seen::LastSeen,
    requests::Requests,
    server::Server,
    server_settings,
    shared::Shared,
    store::RedisSessionStore,
};

/// Settings of a [`RedisSessionStore`].
#[derive(Debug)]
#[must_use = "call `connect`"]
pub struct RedisSessionStoreBuilder {
    server: Server,
    prefix: String,
    clock: Clock,
}

impl RedisSessionStoreBuilder {
    pub(crate) fn new(server: Server) -> Self {
        Self { server, prefix: "waxseal".to_owned(), clock: Clock::system() }
    }

    /// What the names of all keys begin with, in braces: `waxseal` by default. Apps that share a Redis need
    /// different ones.
    pub fn prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// The clock: the system's by default. The middleware needs the same one.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Connects, loads the revocations and starts the background tasks. With a Redis that is empty it
    /// takes two seconds: see [Lost data](crate#lost-data).
    ///
    /// # Errors
    ///
    /// If the prefix is invalid, Redis can't be reached, or it fails.
    ///
    /// # Panics
    ///
    /// Outside of a Tokio runtime.
    pub async fn connect(self) -> Result<RedisSessionStore, RedisStoreError> {
        let Self { server, prefix, clock } = self;
        let shared = Arc::new(Shared {
            requests: Requests::new(server),
            keys: Keys::new(&prefix)?,
            feed: RevocationFeed::new(clock.clone()),
            clock,
            epoch: Epoch::new(),
            last_seen: LastSeen::default(),
        });
        let mut feed = Feed::connect(&shared).await?;
        server_settings::check(feed.connection()).await;
        // No session can begin before the epoch.
        let remaining = shared.epoch.beginning().since(shared.clock.now());
        tokio::time::sleep(remaining.min(CLOCK_TOLERANCE)).await;
        let tasks = BackgroundTasks::spawn(shared.clone(), feed);
        Ok(RedisSessionStore { shared, _tasks: Arc::new(tasks) })
    }
}
