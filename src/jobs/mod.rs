//! The background jobs: following the revocation feed, writing last-seen times, deleting expired
//! rows. Each is a loop that logs its errors and tries again.

mod cleanup;
mod interval;
mod last_seen;
mod revocation_feed;

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Clock,
    db::{AccountStore, SqlSessionStore},
};

/// What the jobs work on.
#[derive(Clone)]
pub struct Jobs {
    /// The accounts.
    pub accounts: AccountStore,
    /// The sessions.
    pub sessions: Arc<SqlSessionStore>,
    /// The time.
    pub clock: Clock,
    /// How often the database is cleaned up.
    pub cleanup_interval: Duration,
}

impl Jobs {
    /// Runs the jobs until the future is dropped.
    pub async fn run(&self) {
        tokio::join!(
            revocation_feed::run(&self.sessions, &self.clock),
            last_seen::run(&self.sessions, &self.clock),
            cleanup::run(&self.accounts, &self.clock, self.cleanup_interval),
        );
    }

    /// Writes what must not be lost when the process stops.
    pub async fn finish(&self) {
        last_seen::write(&self.sessions).await;
    }
}
