//! Writes when sessions were last seen.

use std::time::Duration;

use super::interval::Interval;
use crate::{causes::Causes, clock::Clock, db::SqlSessionStore};

/// Often enough for "last seen 5 minutes ago".
const INTERVAL: Duration = Duration::from_secs(30);

pub(super) async fn run(sessions: &SqlSessionStore, clock: &Clock) {
    let mut interval = Interval::new(clock, INTERVAL);
    loop {
        interval.tick().await;
        write(sessions).await;
    }
}

pub(super) async fn write(sessions: &SqlSessionStore) {
    if let Err(error) = sessions.write_last_seen().await {
        log::warn!("last-seen times could not be written: {}", Causes(&error));
    }
}
