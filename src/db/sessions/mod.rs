//! Sessions in a database, SQLite or PostgreSQL: their records, and the feed of those that were
//! revoked, on any node.
//!
//! [`SqlSessionStore`] is the session layer's store. What has to happen together with an app's own
//! SQL, a log-in say, goes through its [`SessionTransaction`]. An app keeps its other tables in the
//! same [`Database`], with [`Migrations`] of its own.

mod cleanup;
mod client;
mod connect;
mod engine;
mod error;
mod last_seen;
mod migrations;
mod postgres;
mod queries;
mod registry;
mod revocation;
mod revoke;
mod rows;
mod session_transaction;
mod sqlite;
mod store;
mod transactions;
mod url;

pub use client::Client;
pub use connect::Database;
pub use error::DatabaseError;
pub use migrations::Migrations;
pub use queries::SessionDetails;
pub use revocation::{
    feed::Revocations,
    listener::{ListenError, Listener},
};
pub use rows::{RevokedSession, SessionInfo};
pub use session_transaction::SessionTransaction;
pub use store::{Health, SqlSessionStore};
pub use transactions::{SqlQuery, WriteTransaction};
pub use url::{DatabaseUrl, InvalidDatabaseUrl};
