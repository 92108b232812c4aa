//! Throws out what is over.

use std::time::Duration;

use super::beat::Beat;
use crate::{
    causes::Causes,
    clock::Clock,
    db::{Cleaned, Database},
};

pub(super) async fn run(storage: &Database, clock: &Clock, interval: Duration) {
    let mut beat = Beat::new(clock, interval);
    loop {
        match storage.clean_up(clock.earliest()).await {
            Ok(cleaned) if cleaned == Cleaned::default() => log::debug!("nothing to clean up"),
            Ok(Cleaned { sessions, login_events, login_failures }) => log::info!(
                "cleaned up: {sessions} expired sessions, {login_events} old log-in events, \
                 {login_failures} counts of failed log-ins"
            ),
            Err(error) => log::warn!("the clean-up failed: {}", Causes(&error)),
        }
        beat.wait().await;
    }
}
