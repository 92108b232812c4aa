//! Writes down when sessions were last seen.

use std::time::Duration;

use super::beat::Beat;
use crate::{causes::Causes, clock::Clock, db::SqlSessionStore};

/// How often it is written: often enough for "last seen 5 minutes ago".
const INTERVAL: Duration = Duration::from_secs(30);

pub(super) async fn run(sessions: &SqlSessionStore, clock: &Clock) {
    let mut beat = Beat::new(clock, INTERVAL);
    loop {
        beat.wait().await;
        write(sessions).await;
    }
}

pub(super) async fn write(sessions: &SqlSessionStore) {
    if let Err(error) = sessions.write_last_seen().await {
        log::warn!("when sessions were last seen was not written: {}", Causes(&error));
    }
}
