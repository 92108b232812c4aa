//! More than one node, and things that break: every fault is made to happen.
//!
//! Nodes in this process share a clock that is stepped; those that are killed are processes.
//! PostgreSQL servers are the tests' own. Where PostgreSQL is not installed, what needs it is left
//! out and says so; with `CI=true` or `WAXSEAL_REQUIRE_POSTGRES=1` it fails instead.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod crashes;
mod failover;
mod late_revocations;
mod locks;
mod notifications;
mod outages;
mod query_plans;
mod sqlite;
mod wire;

use test_support::{Program, SECRET, waxseal};

/// A node as a process of its own, on this database.
fn node_on(database_url: &str) -> Program {
    waxseal!().set("SESSION_SECRET", SECRET).set("DATABASE_URL", database_url)
}
