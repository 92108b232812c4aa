//! SQL: the one place that speaks it. It takes and returns the types of `domain`; a row that does not
//! read as one is [`DatabaseError::Corrupt`].
//!
//! Accounts and sessions are apart: [`AccountStore`] has the users and their log-ins, [`sessions`] the
//! sessions. Neither's SQL names the other's tables; what changes both does so in one
//! [`SessionTransaction`].

mod account_changes;
mod account_store;
mod cleanup;
mod connect;
mod login_context;
mod login_events;
mod login_failures;
mod logins;
pub mod sessions;
#[cfg(test)]
mod testing;
mod users;

pub use account_store::AccountStore;
pub use cleanup::Cleaned;
pub use connect::connect;
pub use login_context::LoginContext;
pub use login_events::{LoginEventRow, Outcome};
pub use login_failures::{Attempt, Failures, Tally};
pub use logins::{NewLogin, NewUser};
pub use sessions::{
    Client, Database, DatabaseError, DatabaseUrl, Health, InvalidDatabaseUrl, ListenError,
    Listener, Migrations, Revocations, RevokedSession, SessionDetails, SessionInfo,
    SessionTransaction, SqlQuery, SqlSessionStore, WriteTransaction,
};
pub use users::Credentials;
