//! The application over HTTP: what design calls the contract, line by line.
//!
//! Every test starts the application on a port and a database of its own (see
//! [`helpers::App`]) and visits it with a [`helpers::Client`]. Time is stepped, never waited
//! for. `WAXSEAL_TEST_DATABASE=postgres` runs them all on PostgreSQL.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod account_deletion;
mod admin;
mod api;
mod change_email;
mod change_password;
mod client_address;
mod confirmation;
mod contract;
mod cookies;
mod dev_mails;
mod disabled;
mod guessing;
mod headers;
mod hostile;
mod invitations;
mod late;
mod lifetimes;
mod login;
mod logins;
mod logout;
mod mail_notices;
mod next;
mod notices;
mod origin;
mod password_change;
mod passwords;
mod people;
mod races;
mod repeats;
mod reset;
mod restarts;
mod revocation;
mod sessions;
mod setup;
mod signup;
mod step_up;
mod undo_email;
