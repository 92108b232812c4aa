//! waxseal is log-in for Actix Web: people sign up and log in through plain HTML forms, and the
//! server seals their session into one encrypted cookie, which costs no query to read and yet can
//! be ended at once.
//!
//! Three things from one crate: a server (`cargo run`), a starting point to build an app on, and
//! a session layer, [`session`], that an existing Actix app adopts in one line.
//!
//! An app that only wants the session layer depends on it with `default-features = false`: the
//! server, and what it is built with, is the feature `server`.
//!
//! `docs/architecture.md` says how the modules below build on each other.

#[cfg(feature = "server")]
pub mod accounts;
#[cfg(feature = "server")]
pub mod app;
pub mod audit;
pub mod causes;
#[cfg(feature = "server")]
pub mod cli;
pub mod clock;
#[cfg(feature = "server")]
pub mod config;
#[cfg(feature = "server")]
pub mod db;
#[cfg(feature = "server")]
pub mod domain;
#[cfg(feature = "server")]
pub mod jobs;
pub mod seal;
pub mod session;
pub mod telemetry;
#[cfg(feature = "server")]
mod text;
#[cfg(feature = "server")]
pub mod web;
