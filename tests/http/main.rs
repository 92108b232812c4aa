//! The application over HTTP: what design calls the contract, line by line.
//!
//! Every test starts the application on a port and a database of its own (see
//! [`helpers::TestApp`]) and visits it with a [`helpers::Browser`]. Time is stepped, never waited
//! for. `WAXSEAL_TEST_DATABASE=postgres` runs them all on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[allow(dead_code, reason = "not every test program uses all of it")]
mod helpers;
#[path = "../support/postgres.rs"]
#[allow(dead_code, reason = "not every test program uses all of it")]
mod postgres;

mod account_deletion;
mod admin;
mod api;
mod client_address;
mod contract;
mod cookies;
mod guessing;
mod headers;
mod hostile;
mod lifetimes;
mod login;
mod logins;
mod logout;
mod notices;
mod origin;
mod password_change;
mod passwords;
mod people;
mod races;
mod restarts;
mod revocation;
mod sessions;
mod signup;
