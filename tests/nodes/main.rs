//! More than one node, and things that break: every fault is made to happen.
//!
//! Nodes in this process share a clock that is stepped; those that are killed are processes.
//! PostgreSQL servers are the tests' own. Where PostgreSQL is not installed, what needs it is left
//! out and says so; with `WAXSEAL_REQUIRE_POSTGRES=1` it fails instead.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../http/helpers.rs"]
#[allow(dead_code, reason = "not every test program uses all of it")]
mod helpers;
#[path = "../support/postgres.rs"]
#[allow(dead_code, reason = "not every test program uses all of it")]
mod postgres;
#[allow(dead_code, reason = "not every test program uses all of it")]
mod process;
mod wire;

mod crashes;
mod notifications;
mod outages;
mod query_plans;
mod sqlite;
