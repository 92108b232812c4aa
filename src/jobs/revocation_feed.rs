//! Hears of sessions that other nodes, and the command line, have revoked: by asking every second,
//! and on PostgreSQL the moment it happens.

use std::time::Duration;

use super::beat::Beat;
use crate::{
    causes::Causes,
    clock::Clock,
    db::{ListenError, SqlSessionStore},
};

/// How often the database is asked.
const POLL_INTERVAL: Duration = Duration::from_secs(1);

/// How soon to listen again after a connection was lost, or could not be made.
const LISTEN_AGAIN: Duration = Duration::from_secs(1);

/// How soon to try again where notifications don't come through: somebody may have changed that.
const LISTEN_LATER: Duration = Duration::from_secs(300);

pub(super) async fn run(sessions: &SqlSessionStore, clock: &Clock) {
    tokio::join!(poll(sessions, clock), listen(sessions, clock));
}

async fn poll(sessions: &SqlSessionStore, clock: &Clock) {
    let mut beat = Beat::new(clock, POLL_INTERVAL);
    let mut deaf = false;
    loop {
        beat.wait().await;
        match (sessions.poll().await, deaf) {
            (Ok(()), true) => log::info!("revocations are heard of again"),
            // Once, not every second.
            (Err(error), false) => log::error!("revocations are not heard of: {}", Causes(&error)),
            (Ok(()), false) | (Err(_), true) => continue,
        }
        deaf = !deaf;
    }
}

async fn listen(sessions: &SqlSessionStore, clock: &Clock) {
    let mut told = None;
    loop {
        let problem = match sessions.listen().await {
            // SQLite: there is nothing to listen to.
            Ok(None) => return,
            Ok(Some(mut listener)) => {
                log::info!("revocations are heard of as they happen (LISTEN)");
                told = None;
                listener.hear().await
            }
            Err(problem) => problem,
        };
        let pause = if problem.is_permanent() { LISTEN_LATER } else { LISTEN_AGAIN };
        // Once, not every time.
        if told != Some(problem.is_permanent()) {
            told = Some(problem.is_permanent());
            tell(&problem);
        }
        clock.sleep_until(clock.elapsed() + pause).await;
    }
}

fn tell(problem: &ListenError) {
    let problem = Causes(problem);
    log::warn!("revocations are heard of by asking every second only: {problem}");
}
