//! What people need who run the server: settings from files, slips, the JSON log, health checks,
//! `waxseal check`, sockets.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod check;
mod first_admin;
mod json_log;
mod secret_files;
mod slips;
#[cfg(unix)]
mod sockets;

const SECRET: &str = "a secret that is long enough for it";
/// Signs up, and logs in.
const FORM: &str = "email=ann%40example.com&password=violet+anvil+forty+marmots";
