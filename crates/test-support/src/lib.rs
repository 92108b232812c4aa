//! What waxseal's tests and benches share:
//!
//! - [`App`], the application on a thread of the test's own, with a [`Database`] and a clock that the
//!   test steps;
//! - [`Program`], the built binary, run as a command or served as a [`Process`] that can be killed;
//! - [`Client`], an HTTP client with a cookie jar, and [`raw`], which sends requests byte for byte;
//!   both give an [`Answer`];
//! - [`browser::Browser`], Chromium without a window;
//! - [`Postgres`], a PostgreSQL server of the test's own.
//!
//! A helper that finds something wrong panics: that fails the test.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answer;
mod app;
pub mod browser;
mod client;
mod database;
mod eventually;
mod left_out;
mod log;
mod postgres;
mod process;
mod program;
pub mod programs;
pub mod raw;
mod watched;

use std::time::Duration;

use waxseal_session::Timestamp;

pub use self::{
    answer::Answer,
    app::App,
    client::Client,
    database::Database,
    eventually::eventually,
    left_out::left_out,
    postgres::Postgres,
    process::{Memory, Process},
    program::{Finished, Program},
    watched::Watched,
};

/// When an [`App`] starts, unless a test says otherwise: 2033-05-18T03:33:20Z.
pub const START: Timestamp = Timestamp::from_unix(2_000_000_000);
/// The secret that an [`App`] starts with, unless a test says otherwise.
pub const SECRET: &str = "the first secret that the tests have";
/// A password that is accepted.
pub const PASSWORD: &str = "violet anvil forty marmots";
/// An address that is accepted.
pub const EMAIL: &str = "ann@example.com";
/// The session's cookie in development.
pub const COOKIE_NAME: &str = "waxseal";

pub const SECOND: Duration = Duration::from_secs(1);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(86_400);

/// The built binary, as a [`Program`]. Only Cargo knows where it is, and tells only the root crate's
/// tests and benches: so this is a macro.
#[macro_export]
macro_rules! waxseal {
    () => {
        $crate::Program::new(env!("CARGO_BIN_EXE_waxseal"))
    };
}
