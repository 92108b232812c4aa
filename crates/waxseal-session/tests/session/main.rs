//! The session middleware over its public interface: an Actix app wrapped in it, requests in,
//! `Set-Cookie` out. A test per rule; the clock is stepped, nothing waits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod harness;

mod adoption;
mod cookie;
mod current;
mod ended;
mod expiry;
mod identity;
mod keys;
mod log_in;
mod model;
mod modes;
mod overlap;
mod settings;
mod state;
mod store;
mod telemetry;
mod typed;
mod unreadable;
