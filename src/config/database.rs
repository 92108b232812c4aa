//! The settings of the database.

use clap::Args;

use super::{
    invalid_setting::{InvalidSetting, SettingWarning},
    secret_file::SecretSetting,
    value::given,
};
use crate::db::{ConnectionLimit, DatabaseUrl};

const NAME: &str = "DATABASE_URL";
const DEFAULT: &str = "sqlite://waxseal.db";
const CONNECTIONS: &str = "10";

/// The settings that every command on users and sessions needs.
#[derive(Args, Clone, Default)]
pub struct DatabaseArgs {
    /// The database: an SQLite file, or PostgreSQL for more than one node [default:
    /// sqlite://waxseal.db]
    ///
    /// sqlite://FILE, or sqlite:///FILE for an absolute path; `serve` and `user add` create a
    /// missing file. Or postgres://USER:PASSWORD@HOST:PORT/NAME, special characters
    /// percent-encoded; ?sslmode=verify-full requires TLS and a valid certificate.
    #[arg(long = "database-url", env = "DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub url: Option<String>,

    /// The file that DATABASE_URL is in, instead of the setting itself
    ///
    /// Without either, systemd's credential of the name DATABASE_URL is used, if there is one.
    #[arg(
        long = "database-url-file",
        env = "DATABASE_URL_FILE",
        value_name = "FILE",
        hide_env_values = true
    )]
    pub url_file: Option<String>,
}

impl DatabaseArgs {
    /// # Errors
    ///
    /// When it is not the address of a database that waxseal can use.
    pub fn validate(&self) -> Result<DatabaseUrl, InvalidSetting> {
        let text = self.url_setting().read()?;
        let text = text.as_deref().map_or(DEFAULT, |text| text.trim());
        text.parse().map_err(|error| InvalidSetting::new(NAME, error))
    }

    pub(super) fn warning(&self) -> Option<SettingWarning> {
        self.url_setting().warning()
    }

    fn url_setting(&self) -> SecretSetting<'_> {
        let (value, file) = (&self.url, &self.url_file);
        SecretSetting { name: NAME, value, file, may_be_empty: false }
    }
}

/// The setting that only the server needs: a command uses one connection at a time.
#[derive(Args, Clone, Default)]
pub struct ConnectionArgs {
    /// How many connections to the database the server has at most
    ///
    /// From 3 to 1000, all in all: one polls for revocations, one listens for them (PostgreSQL), the
    /// others are for requests, which wait in line for one. A command such as `waxseal user list`
    /// needs one more while it runs.
    #[arg(
        long = "database-connections",
        env = "DATABASE_CONNECTIONS",
        value_name = "NUMBER",
        default_value = CONNECTIONS,
        hide_env_values = true
    )]
    pub connections: Option<String>,
}

impl ConnectionArgs {
    /// # Errors
    ///
    /// When it is not a number in the range.
    pub fn validate(&self) -> Result<ConnectionLimit, InvalidSetting> {
        let text = given(&self.connections).unwrap_or(CONNECTIONS);
        text.parse().ok().and_then(ConnectionLimit::new).ok_or_else(|| {
            let (lowest, highest) = (ConnectionLimit::LOWEST, ConnectionLimit::HIGHEST);
            let problem = format!("{text:?} must be a number from {lowest} to {highest}");
            InvalidSetting::new("DATABASE_CONNECTIONS", problem)
        })
    }
}
