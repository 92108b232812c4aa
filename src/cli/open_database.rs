//! Opening the database for the commands that work on it, beside a running server or without one.

use std::time::Duration;

use waxseal_session::{Clock, ExpiryPolicy};

use super::output::Failure;
use crate::{
    accounts::{Accounts, Hashing, MailPolicy, PasswordPolicy, SignUpPolicy},
    app::StartError,
    db::{self, AccountStore, DatabaseUrl, SqlSessionStore},
};

/// What to do where there is no database yet.
#[derive(Clone, Copy)]
pub(super) enum IfMissing {
    Create,
    /// Fail: an empty database can't hold what is looked for, and the setting may be a mistake.
    Fail,
}

/// Works on the accounts in the database, and closes it: then a SQLite file holds all that was done, and a
/// copy of it too.
pub(super) async fn with_accounts<T>(
    database: &DatabaseUrl,
    if_missing: IfMissing,
    work: impl AsyncFnOnce(Accounts) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let accounts = open(database, if_missing).await?;
    let sessions = accounts.store.sessions().clone();
    let outcome = work(accounts).await;
    sessions.close().await;
    outcome
}

async fn open(database: &DatabaseUrl, if_missing: IfMissing) -> Result<Accounts, Failure> {
    if let (IfMissing::Fail, Some(file)) = (if_missing, database.missing_file()) {
        return Err(format!("DATABASE_URL: the database {} does not exist", file.display()).into());
    }
    let missing = database.missing_file().map(std::path::absolute);
    let database = db::connect(database).await.map_err(StartError::from)?;
    if let Some(Ok(created)) = missing {
        // The command may run in the wrong directory.
        log::info!(target: "waxseal::database", "created the database {}", created.display());
    }
    let clock = Clock::system();
    let sessions = SqlSessionStore::without_feed(database, clock.clone());
    Ok(Accounts {
        store: AccountStore::new(sessions, clock.clone()),
        hashing: Hashing::new(clock.clone())?,
        policy: PasswordPolicy::new(PasswordPolicy::DEFAULT_MIN_LENGTH),
        sign_up: SignUpPolicy::default(),
        // Whether mail is sent is a setting of the server, which may be elsewhere.
        mail: MailPolicy { is_sent: true, notifies: true, ..MailPolicy::default() },
        expiry_policy: ExpiryPolicy::default(),
        // No one has a session here.
        step_up_after: Duration::ZERO,
        clock,
    })
}
