//! Writes when sessions were last seen.

use std::time::Duration;

use super::interval::Interval;
use crate::{causes::Causes, clock::Clock, storage::SessionStore};

/// Often enough for "last seen 5 minutes ago".
const INTERVAL: Duration = Duration::from_secs(30);

pub(super) async fn run(sessions: &SessionStore, clock: &Clock) {
    let mut interval = Interval::new(clock, INTERVAL);
    loop {
        interval.tick().await;
        write(sessions).await;
    }
}

pub(super) async fn write(sessions: &SessionStore) {
    if let Err(error) = sessions.write_last_seen().await {
        log::warn!("last-seen times could not be written: {}", Causes(&error));
    }
}
