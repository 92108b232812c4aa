//! The settings of the first administrator, for a database without users.

use clap::Args;

use super::{
    invalid_setting::{InvalidSetting, SettingWarning},
    secret_file::SecretSetting,
    value::given,
};
use crate::accounts::{Email, Password, PasswordPolicy};

const ADMIN_EMAIL: &str = "ADMIN_EMAIL";
const ADMIN_PASSWORD: &str = "ADMIN_PASSWORD";

/// The first administrator.
#[derive(Args, Clone, Default)]
pub struct FirstAdminArgs {
    /// The email address of the first administrator
    ///
    /// On a database without users, the server creates this account at its start. Later it is ignored, and
    /// so is ADMIN_PASSWORD. They must be set together.
    #[arg(long, env, value_name = "ADDRESS", hide_env_values = true)]
    pub admin_email: Option<String>,

    /// The password of the first administrator
    ///
    /// It must meet the policy for passwords. Change it after the first log-in, and remove the setting.
    #[arg(long, env, value_name = "PASSWORD", hide_env_values = true)]
    pub admin_password: Option<String>,

    /// The file that ADMIN_PASSWORD is in, instead of the setting itself
    #[arg(long, env, value_name = "FILE", hide_env_values = true)]
    pub admin_password_file: Option<String>,
}

/// [`FirstAdminArgs`], both values checked.
#[derive(Debug, Clone)]
pub struct FirstAdmin {
    /// The email address.
    pub email: Email,
    /// The password, which meets the policy.
    pub password: Password,
}

impl FirstAdminArgs {
    /// `None` if no one is to be created.
    ///
    /// # Errors
    ///
    /// For the first setting that can't be used.
    pub fn validate(&self, policy: PasswordPolicy) -> Result<Option<FirstAdmin>, InvalidSetting> {
        let missing = |setting, other| {
            let problem = format!("is missing: {other} is set, and they belong together");
            Err(InvalidSetting::new(setting, problem))
        };
        let (email, password) = match (given(&self.admin_email), self.password_setting().read()?) {
            (None, None) => return Ok(None),
            (None, Some(_)) => return missing(ADMIN_EMAIL, ADMIN_PASSWORD),
            (Some(_), None) => return missing(ADMIN_PASSWORD, ADMIN_EMAIL),
            (Some(email), Some(password)) => (email, password),
        };
        let email: Email =
            email.parse().map_err(|error| InvalidSetting::new(ADMIN_EMAIL, error))?;
        // A file ends with a line end that no one types.
        let line = password.strip_suffix('\n').unwrap_or(&password);
        let line = line.strip_suffix('\r').unwrap_or(line);
        let refused =
            |problem: &dyn ToString| InvalidSetting::new(ADMIN_PASSWORD, problem.to_string());
        // The log-in form refuses them, so no one could log in with such a password.
        if line.contains(['\0', '\n', '\r']) {
            return Err(refused(&"must be one line of text"));
        }
        let password = Password::parse(line).map_err(|rejected| refused(&rejected))?;
        policy.validate(&password, &email).map_err(|rejected| refused(&rejected))?;
        Ok(Some(FirstAdmin { email, password }))
    }

    /// Warns of a file that other users can read.
    pub fn warning(&self) -> Option<SettingWarning> {
        self.password_setting().warning()
    }

    fn password_setting(&self) -> SecretSetting<'_> {
        let (value, file) = (&self.admin_password, &self.admin_password_file);
        SecretSetting { name: ADMIN_PASSWORD, value, file, may_be_empty: false }
    }
}
