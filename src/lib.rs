//! waxseal is log-in for Actix Web. People sign up and log in through plain HTML forms, and the server
//! seals their session into one encrypted cookie. Reading it costs no query, and a session that is
//! revoked ends at once.
//!
//! This crate is the server, and log-in as a library for an app that is built on it:
//!
//! ```no_run
//! use clap::Parser;
//! use waxseal::{app::Application, config::ServeArgs};
//! use waxseal_session::Clock;
//!
//! #[derive(Parser)]
//! struct Cli {
//!     #[command(flatten)]
//!     settings: ServeArgs,
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let config = Cli::parse().settings.validate()?;
//!     let application = Application::build(config, Clock::system()).await?;
//!     application.run_until_stopped().await?;
//!     Ok(())
//! }
//! ```
//!
//! An app that has accounts of its own needs only the session middleware: the crates
//! [`waxseal_session`] and [`waxseal_session_sqlx`]. [`waxseal_seal`] seals anything else.
//!
//! - [`app`] puts the application together, [`config`] reads its settings.
//! - [`web`] has the pages, the guards and the middleware; [`accounts`] decides who may log in;
//!   [`domain`] has the types that they share.
//!
//! Modules that this documentation leaves out are the server's own. `docs/architecture.md` describes them.

pub mod accounts;
pub mod app;
#[doc(hidden)]
pub mod audit;
#[doc(hidden)]
pub mod cli;
pub mod config;
#[doc(hidden)]
pub mod db;
pub mod domain;
#[doc(hidden)]
pub mod jobs;
#[doc(hidden)]
pub mod mail;
#[doc(hidden)]
pub mod telemetry;
mod text;
pub mod web;
