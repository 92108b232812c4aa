//! A session store for [`waxseal_session`] on SQLite and PostgreSQL (13 or later).
//!
//! Sessions survive a restart, and a log-out ends the session on every node: within a second on
//! PostgreSQL, where nodes notify each other, and within two seconds where they only poll.
//!
//! ```no_run
//! use actix_session::Session;
//! use actix_web::{App, HttpServer, web};
//! use waxseal_session::{Keyring, Secret, SessionMiddleware};
//! use waxseal_session_sqlx::SqlSessionStore;
//!
//! async fn hello(session: Session) -> actix_web::Result<String> {
//!     Ok(format!("hello {:?}", session.get::<String>("user_id")?))
//! }
//!
//! #[actix_web::main]
//! async fn main() -> Result<(), Box<dyn std::error::Error>> {
//!     let store = SqlSessionStore::connect("sqlite://sessions.db").await?;
//!     let secret = Secret::new(&std::env::var("SESSION_SECRET")?)?;
//!     let sessions = SessionMiddleware::builder(store.clone(), Keyring::new(&secret)).build()?;
//!     HttpServer::new(move || App::new().wrap(sessions.clone()).route("/", web::get().to(hello)))
//!         .bind("127.0.0.1:8080")?
//!         .run()
//!         .await?;
//!     store.close().await;
//!     Ok(())
//! }
//! ```
//!
//! [`SqlSessionStore::connect`] takes a URL and opens connections of its own; [`SqlSessionStore::new`] takes
//! your `SqlitePool` or `PgPool`. Both start the background tasks: the revocation feed, last-seen times and
//! the deletion of expired sessions. They stop when the last clone of the store is dropped. Before the process
//! ends, call [`SqlSessionStore::close`]: a SQLite file is complete by itself then.
//!
//! # Tables
//!
//! The crate brings its own migrations. They run when the store or a [`Database`] connects: there is no
//! command to call, and of several processes that start together one runs them. They create the table
//! `waxseal_sessions` beside the app's own tables, and `_waxseal_session_migrations`, which records them.
//! An app's migrations with sqlx's `Migrator` are recorded in another table, so the two don't meet.
//!
//! # Users
//!
//! A session belongs to a user if its state has the user's id under
//! [`State::USER_ID`](waxseal_session::State::USER_ID), as a string or a whole number, or if actix-identity
//! logged the user in. [`SqlSessionStore::sessions_of`] lists a user's
//! sessions, [`SqlSessionStore::revoke_all`] ends them: call it when a password or a role changes.
//!
//! # Transactions
//!
//! To create or revoke sessions together with other changes, do both in one transaction: in one of your own
//! pool, with [`create_in`](SqlSessionStore::create_in), [`replace_in`](SqlSessionStore::replace_in),
//! [`revoke_in`](SqlSessionStore::revoke_in) and [`revoke_all_in`](SqlSessionStore::revoke_all_in); or in a
//! [`SessionTransaction`] of the store. To log a request in with a session created there, call
//! [`attach_session`](waxseal_session::attach_session) after the commit.
//!
//! The app's pool and transactions are of sqlx 0.9, as this crate's; with another version, connect by URL.
//!
//! The order avoids deadlocks: lock your own rows first, then create sessions or revoke all of a user's, then
//! revoke or replace single ones. A transaction that loses a race for a lock all the same is run again by
//! [`retry_lock_conflict`]. While a transaction of the app holds the only connection of its pool, other
//! calls of the store fail after one to three seconds.

mod app_transaction;
mod background;
mod cleanup;
mod client;
mod database;
mod last_seen;
mod queries;
mod retry;
mod revocation;
mod revoke;
mod session_changes;
mod session_info;
mod session_store;
mod store;
mod transaction;
mod user_lock;

pub use waxseal_session;

pub use app_transaction::PendingChanges;
pub use client::Client;
pub use database::{
    ConnectionLimit, Database, DatabaseConnection, DatabaseError, DatabaseStatus, DatabaseUrl,
    FileGone, InvalidDatabaseUrl, Migrations, OpenError, SessionPool, SqlQuery, WriteTransaction,
    privacy_warning,
};
pub use queries::SessionDetails;
pub use retry::retry_lock_conflict;
pub use session_changes::RevokedSession;
pub use session_info::SessionInfo;
pub use store::{FeedStatus, Health, SqlSessionStore};
pub use transaction::SessionTransaction;
