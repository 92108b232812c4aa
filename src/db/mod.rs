//! SQL: the one place that speaks it. Rows in, rows out; what they mean is `accounts`' business.
//!
//! [`SqlSessionStore`] implements the session layer's [`Registry`](crate::session::Registry) on the
//! database.

mod access;
mod changes;
mod cleanup;
mod client;
mod connect;
mod engine;
mod error;
mod feed;
mod last_seen;
mod listener;
mod login_events;
mod login_failures;
mod logins;
mod migrations;
mod notifications;
mod postgres;
mod registry;
mod session_ends;
mod session_list;
mod session_rows;
mod session_store;
mod sqlite;
mod url;
mod users;

pub use changes::{Deletion, NewPassword, RoleChange};
pub use cleanup::Cleaned;
pub use client::Client;
pub use connect::Database;
pub use error::DatabaseError;
pub use feed::Revocations;
pub use listener::{ListenError, Listener};
pub use login_events::{LoginEventRow, Outcome};
pub use login_failures::{Attempt, Failures, Tally};
pub use logins::{NewLogin, NewUser, OpenedLogin};
pub use session_list::{ListedSession, SessionTrace};
pub use session_rows::SessionRow;
pub use session_store::{Health, SqlSessionStore};
pub use url::{DatabaseUrl, InvalidDatabaseUrl};
pub use users::{UserListRow, UserRow};
