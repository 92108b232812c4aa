//! What goes on beside the requests: hearing of revocations, writing down who was seen, throwing
//! out what is over. Each is a loop of its own; a fault is logged and tried again.

mod beat;
mod cleanup;
mod last_seen;
mod revocation_feed;

use std::{sync::Arc, time::Duration};

use crate::{
    clock::Clock,
    db::{AccountStore, SqlSessionStore},
};

/// Everything the jobs work on.
#[derive(Clone)]
pub struct Jobs {
    /// The accounts.
    pub accounts: AccountStore,
    /// The sessions.
    pub sessions: Arc<SqlSessionStore>,
    /// Where the time comes from.
    pub clock: Clock,
    /// How often the database is cleaned up.
    pub cleanup_interval: Duration,
}

impl Jobs {
    /// Runs the jobs, until it is dropped.
    pub async fn run(&self) {
        tokio::join!(
            revocation_feed::run(&self.sessions, &self.clock),
            last_seen::run(&self.sessions, &self.clock),
            cleanup::run(&self.accounts, &self.clock, self.cleanup_interval),
        );
    }

    /// What must not be lost when the process ends.
    pub async fn finish(&self) {
        last_seen::write(&self.sessions).await;
    }
}
