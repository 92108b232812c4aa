//! Deletes expired rows.

use std::time::Duration;

use super::interval::Interval;
use crate::{
    causes::Causes,
    clock::Clock,
    storage::{Cleaned, Storage},
};

pub(super) async fn run(storage: &Storage, clock: &Clock, period: Duration) {
    let mut interval = Interval::new(clock, period);
    loop {
        match storage.clean_up(clock.earliest()).await {
            Ok(cleaned) if cleaned == Cleaned::default() => log::debug!("nothing to clean up"),
            Ok(Cleaned { sessions, login_events, login_failures }) => log::info!(
                "cleaned up: {sessions} expired sessions, {login_events} old log-in events, \
                 {login_failures} counts of failed log-ins"
            ),
            Err(error) => log::warn!("clean-up failed: {}", Causes(&error)),
        }
        interval.tick().await;
    }
}
