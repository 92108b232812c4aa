//! The database, and the clocks that can be compared through it.

use std::time::{Duration, UNIX_EPOCH};

use waxseal_session::{ErrorChain, Timestamp};

use super::finding::Finding;
use crate::{
    config::Config,
    db::{self, ConnectionLimit, DatabaseServer, DatabaseUrl, Inspection},
};

const DATABASE_URL: &str = "DATABASE_URL";
const CLOCK: &str = "clock";

/// How far clocks may differ: a node refuses cookies that were sealed further ahead.
const TOLERANCE: Duration = Duration::from_secs(60);

pub(super) async fn check(config: &Config, now: Timestamp) -> Vec<Finding> {
    let url = &config.database;
    let mut findings = match db::inspect(url).await {
        Ok(Some(inspection)) => found(&inspection, url, config.connections, now),
        Ok(None) => vec![Finding::ok(DATABASE_URL, format!("{url:?} would be created"))],
        Err(error) => vec![Finding::error(DATABASE_URL, ErrorChain(&error).to_string())],
    };
    let privacy = url.privacy_warning();
    findings.extend(privacy.map(|warning| Finding::warning(DATABASE_URL, warning)));
    findings
}

fn found(
    inspection: &Inspection,
    url: &DatabaseUrl,
    connections: ConnectionLimit,
    now: Timestamp,
) -> Vec<Finding> {
    let state = match inspection.pending_migrations {
        0 => format!("{url:?} is up to date"),
        1 => format!("{url:?} would be migrated: 1 migration is pending"),
        pending => format!("{url:?} would be migrated: {pending} migrations are pending"),
    };
    let mut findings = vec![Finding::ok(DATABASE_URL, state)];
    let server = inspection.server.as_ref();
    if let Some(server) = server {
        findings.extend(check_rights(server, inspection.pending_migrations));
        findings.extend(check_connections(server, connections));
    }
    findings.push(check_clock(inspection, url, now));
    findings
}

fn check_rights(server: &DatabaseServer, pending: usize) -> Option<Finding> {
    if server.is_read_only {
        let problem = "the server is read-only: no one can log in or out";
        return Some(match pending {
            0 => Finding::warning(DATABASE_URL, problem),
            _ => Finding::error(DATABASE_URL, problem),
        });
    }
    (pending > 0 && !server.may_create_tables).then(|| {
        let problem = "the user may not create tables: GRANT CREATE ON SCHEMA public";
        Finding::error(DATABASE_URL, problem)
    })
}

fn check_connections(server: &DatabaseServer, limit: ConnectionLimit) -> Option<Finding> {
    let (needed, allowed) = (i64::from(limit.get()), server.max_connections);
    (allowed < needed).then(|| {
        let problem = format!(
            "is {needed}, but the database allows this user {allowed} connections: lower the one \
             or raise the other"
        );
        Finding::warning("DATABASE_CONNECTIONS", problem)
    })
}

/// Compares this machine's clock with the server's, or with what was written last.
fn check_clock(inspection: &Inspection, url: &DatabaseUrl, now: Timestamp) -> Finding {
    let seconds = |time: Duration| time.as_secs();
    let (ahead, behind) = match &inspection.server {
        Some(server) => (now.since(server.now), server.now.since(now)),
        None => (Duration::ZERO, Duration::ZERO),
    };
    let future = [inspection.latest_log_in, modified(url)].into_iter().flatten().max();
    let future = future.map_or(Duration::ZERO, |time| time.since(now));
    let remedy = "set both by NTP: cookies are refused that were sealed a minute ahead";
    if ahead > TOLERANCE {
        let by = seconds(ahead);
        Finding::warning(CLOCK, format!("is {by} s ahead of the database's clock: {remedy}"))
    } else if behind > TOLERANCE {
        let by = seconds(behind);
        Finding::warning(CLOCK, format!("is {by} s behind the database's clock: {remedy}"))
    } else if future > TOLERANCE {
        let by = seconds(future);
        let problem = "is behind: the database was written to";
        Finding::warning(CLOCK, format!("{problem} {by} s from now ({remedy})"))
    } else if inspection.server.is_some() {
        Finding::ok(CLOCK, "agrees with the database's clock")
    } else {
        Finding::ok(CLOCK, "is not behind what is in the database")
    }
}

/// When a SQLite file was written to.
fn modified(url: &DatabaseUrl) -> Option<Timestamp> {
    let DatabaseUrl::Sqlite(path) = url else { return None };
    let time = path.metadata().ok()?.modified().ok()?;
    let seconds = time.duration_since(UNIX_EPOCH).ok()?.as_secs();
    Some(Timestamp::from_unix(i64::try_from(seconds).ok()?))
}
