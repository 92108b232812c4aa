//! The setting `DATABASE_URL`.

use clap::Args;

use super::{invalid_setting::InvalidSetting, value::given};
use crate::db::DatabaseUrl;

const DEFAULT: &str = "sqlite://waxseal.db";

/// The setting that every command on users and sessions needs.
#[derive(Args, Clone, Default)]
pub struct DatabaseArgs {
    /// The database: an SQLite file, or PostgreSQL for more than one node
    ///
    /// sqlite://FILE, or sqlite:///FILE for an absolute path; `serve` and `user add` create a
    /// missing file. Or postgres://USER:PASSWORD@HOST:PORT/NAME, special characters
    /// percent-encoded; ?sslmode=verify-full requires TLS and a valid certificate.
    #[arg(
        long = "database-url",
        env = "DATABASE_URL",
        value_name = "URL",
        default_value = DEFAULT,
        hide_env_values = true
    )]
    pub url: Option<String>,
}

impl DatabaseArgs {
    /// # Errors
    ///
    /// When it is not the address of a database that waxseal can use.
    pub fn validate(&self) -> Result<DatabaseUrl, InvalidSetting> {
        given(&self.url)
            .unwrap_or(DEFAULT)
            .parse()
            .map_err(|error| InvalidSetting::new("DATABASE_URL", error))
    }
}
