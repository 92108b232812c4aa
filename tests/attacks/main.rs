//! The server as a process, and people who mean it harm: what they get, and what is told of them.
//!
//! fail2ban is asked about the log where it is installed; where not, that is left out and says so,
//! and with `CI=true` or `WAXSEAL_REQUIRE_FAIL2BAN=1` it fails instead.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, reason = "the process goes by the real time")]

mod access_log;
mod connections;
mod escapes;
mod fail2ban;
mod hanging_up;
mod log_lines;
#[cfg(target_os = "linux")]
mod memory;
mod setup_lines;
mod visitor;
