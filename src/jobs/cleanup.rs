//! Deletes expired rows.

use std::time::Duration;

use super::interval::Interval;
use crate::{
    causes::Causes,
    clock::Clock,
    db::{AccountStore, Cleaned, DatabaseError},
};

pub(super) async fn run(accounts: &AccountStore, clock: &Clock, period: Duration) {
    let mut interval = Interval::new(clock, period);
    loop {
        match clean_up(accounts).await {
            Ok((0, cleaned)) if cleaned == Cleaned::default() => log::debug!("nothing to clean up"),
            Ok((sessions, Cleaned { login_events, login_failures })) => log::info!(
                "cleaned up: {sessions} expired sessions, {login_events} old log-in events, \
                 {login_failures} counts of failed log-ins"
            ),
            Err(error) => log::warn!("clean-up failed: {}", Causes(&error)),
        }
        interval.tick().await;
    }
}

async fn clean_up(accounts: &AccountStore) -> Result<(u64, Cleaned), DatabaseError> {
    Ok((accounts.sessions().clean_up().await?, accounts.clean_up().await?))
}
