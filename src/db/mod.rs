//! The database: all of this crate's SQL. It takes and returns the types of `domain`; a row that can't
//! be parsed into them is [`DatabaseError::Corrupt`].
//!
//! [`AccountStore`] holds users and their log-ins, [`SqlSessionStore`] (of `waxseal-session-sqlx`) holds
//! sessions. Neither's SQL names the other's tables. A change to both uses one [`SessionTransaction`].

mod account_changes;
mod account_store;
mod cleanup;
mod confirmation;
mod connect;
mod email_changes;
mod inspection;
mod invitations;
mod login_context;
mod login_events;
mod login_failures;
mod logins;
mod new_users;
mod operator_changes;
mod outbox;
mod queued_mail;
mod step_up;
#[cfg(test)]
pub(crate) mod testing;
mod users;
mod waiting_mails;

pub use account_store::AccountStore;
pub use cleanup::Cleaned;
pub use connect::{connect, connect_with};
pub use email_changes::{NewEmail, UndoneEmail};
pub use inspection::{DatabaseServer, Inspection, inspect};
pub use login_context::{LoginContext, changed_session_id, email_session_id};
pub use login_events::{LoginEventRow, Outcome};
pub use login_failures::{Attempt, Failures, Tally};
pub use logins::{EmailProof, NewLogin, NewPassword, REPEAT_TIME};
pub use new_users::NewUser;
pub use outbox::{CLAIM, OutboxStatus, SecretMail};
pub use queued_mail::{QueuedMail, UNKNOWN_KIND};
pub use users::Credentials;
pub use waxseal_session_sqlx::{
    Client, ConnectionLimit, Database, DatabaseError, DatabaseStatus, DatabaseUrl, FeedStatus,
    Health, InvalidDatabaseUrl, Migrations, OpenError, SessionDetails, SessionInfo,
    SessionTransaction, SqlQuery, SqlSessionStore, WriteTransaction, privacy_warning,
};
