//! The session layer over its public interface: an Actix app wrapped in it, requests in,
//! `Set-Cookie` out. A test per rule; the clock is stepped, nothing waits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod harness;

mod cookie;
mod current;
mod keys;
mod lifetimes;
mod log_in;
mod model;
mod modes;
mod registry;
mod settings;
mod state;
mod telemetry;
mod unreadable;
