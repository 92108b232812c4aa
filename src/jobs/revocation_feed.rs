//! Hears of sessions that other nodes, and the command line, have revoked.

use std::time::Duration;

use super::beat::Beat;
use crate::{causes::Causes, clock::Clock, storage::SessionStore};

/// How often the database is asked.
const INTERVAL: Duration = Duration::from_secs(1);

pub(super) async fn run(sessions: &SessionStore, clock: &Clock) {
    let mut beat = Beat::new(clock, INTERVAL);
    let mut deaf = false;
    loop {
        beat.wait().await;
        match (sessions.poll().await, deaf) {
            (Ok(()), true) => log::info!("revocations are heard of again"),
            // Once, not every second.
            (Err(error), false) => log::error!("revocations are not heard of: {}", Causes(&error)),
            (Ok(()), false) => continue,
            (Err(_), true) => continue,
        }
        deaf = !deaf;
    }
}
