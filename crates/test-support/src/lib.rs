//! Helpers shared by waxseal's tests and benches:
//!
//! - [`App`], the application on its own thread, with a [`Database`] and a clock that the test sets;
//! - [`Program`], the built binary, run as a command or as a server [`Process`] that can be killed;
//! - [`Client`], an HTTP client with a cookie jar, and [`raw`], which sends requests byte for byte;
//!   both give an [`Answer`];
//! - [`browser::Browser`], headless Chromium;
//! - [`smtp::MailServer`], a mail server that does what a test tells it;
//! - [`Postgres`] and [`Redis`], servers started for the tests.
//!
//! Helpers panic on failure, which fails the test.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod answer;
mod app;
pub mod browser;
mod certificate;
mod client;
mod database;
mod eventually;
mod log;
mod mails;
mod postgres;
mod process;
mod program;
pub mod programs;
pub mod raw;
pub mod smtp;

use std::time::Duration;

pub use test_servers::{ExternalServer, Redis, skip_test};
use waxseal_session::Timestamp;

pub use self::{
    answer::Answer,
    app::App,
    certificate::Certificate,
    client::Client,
    database::Database,
    eventually::eventually,
    mails::{ReceivedMail, mails_to, newest_mail, wait_for_mails},
    postgres::Postgres,
    process::{Memory, Process},
    program::{Finished, Program},
};

/// The default time of an [`App`]: 2033-05-18T03:33:20Z.
pub const START: Timestamp = Timestamp::from_unix(2_000_000_000);
/// The default secret of an [`App`].
pub const SECRET: &str = "the first secret that the tests have";
/// A valid password.
pub const PASSWORD: &str = "violet anvil forty marmots";
/// A valid email address.
pub const EMAIL: &str = "ann@example.com";
/// The name of the session cookie in development.
pub const COOKIE_NAME: &str = "waxseal";

pub const SECOND: Duration = Duration::from_secs(1);
pub const HOUR: Duration = Duration::from_secs(3600);
pub const DAY: Duration = Duration::from_secs(86_400);

/// The built binary, as a [`Program`]. A macro, because Cargo gives the path only to the root crate's
/// tests and benches.
#[macro_export]
macro_rules! waxseal {
    () => {
        $crate::Program::new(env!("CARGO_BIN_EXE_waxseal"))
    };
}
