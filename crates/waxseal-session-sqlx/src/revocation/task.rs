//! Follows the revocations of other nodes and the command line: polls every second, and on PostgreSQL
//! also listens for notifications.

use std::time::Duration;

use waxseal_session::{ErrorChain, Interval};

use super::listener::ListenError;
use crate::store::SqlSessionStore;

const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait before reconnecting after a connection failed.
const RETRY_INTERVAL: Duration = Duration::from_secs(1);

/// How long to wait before trying again if notifications don't arrive at all.
const SLOW_RETRY_INTERVAL: Duration = Duration::from_secs(300);

/// Keeps the revocation list up to date until the future is dropped.
pub(crate) async fn follow(store: &SqlSessionStore) {
    tokio::join!(poll(store), listen(store));
}

async fn poll(store: &SqlSessionStore) {
    let mut interval = Interval::new(&store.clock, POLL_INTERVAL);
    let mut failing = false;
    loop {
        interval.tick().await;
        match (store.poll().await, failing) {
            (Ok(()), true) => log::info!("revocation feed: polling works again"),
            // Logged once, not every second.
            (Err(error), false) => {
                log::error!("revocation feed: polling failed: {}", ErrorChain(&error))
            }
            (Ok(()), false) | (Err(_), true) => continue,
        }
        failing = !failing;
    }
}

async fn listen(store: &SqlSessionStore) {
    let mut logged = None;
    loop {
        let problem = match store.listen().await {
            // SQLite has no notifications.
            Ok(None) => return,
            Ok(Some(mut listener)) => {
                log::info!("revocation feed: listening for notifications");
                logged = None;
                listener.receive().await
            }
            Err(problem) => problem,
        };
        let pause = if problem.is_permanent() { SLOW_RETRY_INTERVAL } else { RETRY_INTERVAL };
        // Logged once, not at every retry.
        if logged != Some(problem.is_permanent()) {
            logged = Some(problem.is_permanent());
            log_problem(&problem);
        }
        store.clock.sleep_until(store.clock.elapsed() + pause).await;
    }
}

fn log_problem(problem: &ListenError) {
    let problem = ErrorChain(problem);
    log::warn!("revocation feed: LISTEN failed, polling every second: {problem}");
}
