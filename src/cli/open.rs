//! Opening the database for the commands that work on it directly, beside a running server or
//! without one.

use std::future::Future;

use clap::Args;

use super::{log_lines, output::Failure};
use crate::{
    accounts::{Accounts, Email, Hashing, User, UserId},
    app::StartError,
    clock::Clock,
    config::{Config, Settings},
    db::{self, AccountStore, SqlSessionStore},
};

/// The one setting that most commands need.
#[derive(Args)]
pub(super) struct Database {
    /// The database [default: sqlite://waxseal.db]
    #[arg(long, env, value_name = "URL", hide_env_values = true)]
    database_url: Option<String>,
}

impl Database {
    pub(super) fn settings(self) -> Settings {
        Settings { database_url: self.database_url, ..Settings::default() }
    }
}

/// What to do where there is no database yet.
#[derive(Clone, Copy)]
pub(super) enum WhenMissing {
    /// Create it.
    Create,
    /// Say so: what is looked for can't be in it, and the setting may be a mistake.
    Refuse,
}

/// What commands log: warnings, and the audit lines of what they change.
const LOG_FILTER: &str = "warn,waxseal::audit=info";

/// Runs a command's work.
pub(super) fn block_on(work: impl Future<Output = Result<(), Failure>>) -> Result<(), Failure> {
    log_lines::begin(LOG_FILTER);
    actix_web::rt::System::new().block_on(work)
}

/// The accounts in the database.
pub(super) async fn accounts(config: Config, missing: WhenMissing) -> Result<Accounts, Failure> {
    if let (WhenMissing::Refuse, Some(file)) = (missing, config.database.missing_file()) {
        return Err(format!("DATABASE_URL: there is no database {}", file.display()).into());
    }
    let database = db::connect(&config.database).await.map_err(StartError::from)?;
    let clock = Clock::system();
    let sessions = SqlSessionStore::without_feed(database, clock.clone());
    Ok(Accounts {
        store: AccountStore::new(sessions, clock.clone()),
        hashing: Hashing::new(clock.clone())?,
        policy: config.passwords,
        lifetimes: config.lifetimes,
        clock,
    })
}

/// The user with this e-mail address or id.
pub(super) async fn user(accounts: &Accounts, name: &str) -> Result<User, Failure> {
    let found = if let Ok(id) = name.parse::<UserId>() {
        accounts.user(id).await?
    } else if let Ok(email) = name.parse::<Email>() {
        accounts.user_by_email(&email).await?
    } else {
        return Err(format!("{name:?} is neither an e-mail address nor a user's id").into());
    };
    found.ok_or_else(|| format!("there is no user {name}").into())
}
