//! The store's public API, on SQLite and PostgreSQL, with a URL and with the app's own pool.
//!
//! Where PostgreSQL is not installed, what needs it is left out and says so; with `CI=true` or
//! `WAXSEAL_REQUIRE_POSTGRES=1` it fails instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod app_transaction;
mod feed;
mod lifecycle;
mod place;
mod restored;
mod suites;
mod users;
