//! The setting `APP_ENV`.

use clap::Args;

use super::{invalid_setting::InvalidSetting, value::given};

const DEFAULT: &str = "development";

/// The setting that others depend on.
#[derive(Args, Clone, Default)]
pub struct EnvironmentArgs {
    /// `development` or `production`
    ///
    /// Production requires SESSION_SECRET and sends the cookie over HTTPS only: run it behind a
    /// proxy that speaks TLS.
    #[arg(long, env, value_name = "ENV", default_value = DEFAULT, hide_env_values = true)]
    pub app_env: Option<String>,
}

/// Where the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// On a developer's machine: HTTP, on loopback only, cookies without Secure.
    Development,
    /// Behind a proxy that speaks HTTPS.
    Production,
}

impl Environment {
    /// As the setting has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Development => "development",
            Self::Production => "production",
        }
    }
}

impl EnvironmentArgs {
    /// # Errors
    ///
    /// When it is neither environment's name.
    pub fn validate(&self) -> Result<Environment, InvalidSetting> {
        match given(&self.app_env).unwrap_or(DEFAULT) {
            "development" => Ok(Environment::Development),
            "production" => Ok(Environment::Production),
            other => Err(InvalidSetting::new(
                "APP_ENV",
                format!("{other:?} must be development or production"),
            )),
        }
    }
}
