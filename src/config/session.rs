//! The settings of sessions: secrets, cookie, lifetimes.

use std::collections::HashSet;

use clap::Args;
use waxseal_session::{ExpiryPolicy, Keyring, Mode, Secret, SettingsError, cookie};

use super::{
    environment::Environment,
    invalid_setting::InvalidSetting,
    value::{duration, given},
};

const MODE: &str = "cookie";
const IDLE_TIMEOUT: &str = "7d";
const LIFETIME: &str = "30d";
const COOKIE_NAME: &str = "waxseal";

/// The secret that `.env.example` shows. It is public, so it is refused.
pub(super) const EXAMPLE_SECRET: &str = "replace-me-with-what-waxseal-secret-prints";

/// How sessions are sealed and how long they live.
#[derive(Args, Clone, Default)]
pub struct SessionArgs {
    /// The secret that the cookie's key is derived from: at least 32 bytes, no comma [default: a
    /// random one in development; required in production]
    ///
    /// `waxseal secret` or `openssl rand -base64 32` prints one. With the default, everyone is logged
    /// out when the process stops. In .env, quote a secret that has $, # or spaces ('like this').
    /// Two databases must never share a secret: each would accept the other's cookies.
    #[arg(
        long = "session-secret",
        env = "SESSION_SECRET",
        value_name = "SECRET",
        hide_env_values = true
    )]
    pub secret: Option<String>,

    /// Secrets that are also accepted but never used to seal, separated by commas
    ///
    /// To rotate without logging anyone out: put the new secret here on every node, then swap the
    /// two, and drop the old one after SESSION_IDLE_TIMEOUT.
    #[arg(
        long = "session-secret-fallbacks",
        env = "SESSION_SECRET_FALLBACKS",
        value_name = "SECRETS",
        hide_env_values = true
    )]
    pub secret_fallbacks: Option<String>,

    /// Where the session's state is: `cookie` or `database`
    ///
    /// cookie: sealed in the cookie, so that a request costs no query. database: read on every
    /// request. Changing the mode logs no one out.
    #[arg(
        long = "session-mode",
        env = "SESSION_MODE",
        value_name = "MODE",
        default_value = MODE,
        hide_env_values = true
    )]
    pub mode: Option<String>,

    /// How long a session lives unused
    ///
    /// At least 1s. Durations read like 7d, 90m or 4s.
    #[arg(
        long = "session-idle-timeout",
        env = "SESSION_IDLE_TIMEOUT",
        value_name = "DURATION",
        default_value = IDLE_TIMEOUT,
        hide_env_values = true
    )]
    pub idle_timeout: Option<String>,

    /// How long a session lives at most
    ///
    /// Not less than the idle timeout.
    #[arg(
        long = "session-lifetime",
        env = "SESSION_LIFETIME",
        value_name = "DURATION",
        default_value = LIFETIME,
        hide_env_values = true
    )]
    pub lifetime: Option<String>,

    /// A session is refreshed when this much time or less remains [default: a quarter of the idle
    /// timeout]
    ///
    /// At least 1s; at most the idle timeout, which refreshes on every request. With the default, a
    /// session that is used ends after at least a quarter and at most the whole of the idle timeout
    /// without use.
    #[arg(
        long = "session-refresh-below",
        env = "SESSION_REFRESH_BELOW",
        value_name = "DURATION",
        hide_env_values = true
    )]
    pub refresh_below: Option<String>,

    /// The cookie's name; production puts `__Host-` before it
    #[arg(
        long = "session-cookie-name",
        env = "SESSION_COOKIE_NAME",
        value_name = "NAME",
        default_value = COOKIE_NAME,
        hide_env_values = true
    )]
    pub cookie_name: Option<String>,
}

/// [`SessionArgs`], every value in its range.
#[derive(Debug)]
pub struct SessionConfig {
    /// The keys.
    pub keyring: Keyring,
    /// Whether the secret is a random one: sessions then end with the process.
    pub temporary_secret: bool,
    /// Where the session's state is.
    pub mode: Mode,
    /// How long sessions live.
    pub expiry_policy: ExpiryPolicy,
    /// The cookie's whole name.
    pub cookie_name: String,
    /// What is allowed but unwise: a line each, which names the setting.
    pub warnings: Vec<&'static str>,
}

impl SessionArgs {
    /// # Errors
    ///
    /// For the first setting that can't be used.
    pub fn validate(&self, environment: Environment) -> Result<SessionConfig, InvalidSetting> {
        let current = self.secret()?;
        let temporary_secret = current.is_none();
        let current = match (current, environment) {
            (Some(secret), _) => secret,
            (None, Environment::Development) => Secret::generate(),
            (None, Environment::Production) => {
                return Err(InvalidSetting::new(
                    "SESSION_SECRET",
                    "is missing; production needs one of at least 32 bytes (waxseal secret prints one)",
                ));
            }
        };
        Ok(SessionConfig {
            keyring: self.keyring(&current)?,
            temporary_secret,
            mode: self.mode()?,
            expiry_policy: self.expiry_policy()?,
            cookie_name: self.cookie_name(environment)?,
            warnings: self.warnings(temporary_secret),
        })
    }

    fn secret(&self) -> Result<Option<Secret>, InvalidSetting> {
        let Some(text) = untrimmed(&self.secret) else { return Ok(None) };
        if text.contains(',') {
            return Err(InvalidSetting::new(
                "SESSION_SECRET",
                "contains a comma, which separates the secrets in SESSION_SECRET_FALLBACKS",
            ));
        }
        secret("SESSION_SECRET", text).map(Some)
    }

    fn keyring(&self, current: &Secret) -> Result<Keyring, InvalidSetting> {
        const SETTING: &str = "SESSION_SECRET_FALLBACKS";

        let fallbacks: Vec<Secret> = untrimmed(&self.secret_fallbacks)
            .unwrap_or_default()
            .split(',')
            .filter(|text| !text.trim().is_empty())
            .map(|text| secret(SETTING, text))
            .collect::<Result<_, _>>()?;
        Keyring::with_fallbacks(current, &fallbacks)
            .map_err(|error| InvalidSetting::new(SETTING, error))
    }

    fn mode(&self) -> Result<Mode, InvalidSetting> {
        match given(&self.mode).unwrap_or(MODE) {
            "cookie" => Ok(Mode::Cookie),
            "database" => Ok(Mode::Database),
            other => Err(InvalidSetting::new(
                "SESSION_MODE",
                format!("{other:?} must be cookie or database"),
            )),
        }
    }

    fn expiry_policy(&self) -> Result<ExpiryPolicy, InvalidSetting> {
        let idle_timeout =
            duration("SESSION_IDLE_TIMEOUT", given(&self.idle_timeout).unwrap_or(IDLE_TIMEOUT))?;
        let lifetime = duration("SESSION_LIFETIME", given(&self.lifetime).unwrap_or(LIFETIME))?;
        let refresh_below = given(&self.refresh_below)
            .map(|text| duration("SESSION_REFRESH_BELOW", text))
            .transpose()?;
        ExpiryPolicy::new(idle_timeout, lifetime, refresh_below).map_err(|error| {
            let setting = match error {
                SettingsError::IdleTimeout => "SESSION_IDLE_TIMEOUT",
                SettingsError::RefreshThreshold => "SESSION_REFRESH_BELOW",
                _ => "SESSION_LIFETIME",
            };
            InvalidSetting::new(setting, error)
        })
    }

    fn cookie_name(&self, environment: Environment) -> Result<String, InvalidSetting> {
        const SETTING: &str = "SESSION_COOKIE_NAME";

        let name = given(&self.cookie_name).unwrap_or(COOKIE_NAME);
        if !cookie::is_valid_name(name) {
            return Err(InvalidSetting::new(SETTING, SettingsError::CookieName(name.to_owned())));
        }
        if name.starts_with("__") {
            let problem = format!("{name:?} must not begin with __ (production adds __Host-)");
            return Err(InvalidSetting::new(SETTING, problem));
        }
        Ok(match environment {
            Environment::Development => name.to_owned(),
            Environment::Production => format!("__Host-{name}"),
        })
    }

    fn warnings(&self, temporary_secret: bool) -> Vec<&'static str> {
        let not_set = temporary_secret
            .then_some("SESSION_SECRET is not set: everyone is logged out when this process stops");
        let repetitive = given(&self.secret).is_some_and(is_repetitive).then_some(
            "SESSION_SECRET repeats a few characters: anyone who guesses it can log in as any user \
             (waxseal secret prints a random one)",
        );
        [not_set, repetitive].into_iter().flatten().collect()
    }
}

/// The text of a secret as it was given: [`Secret`] decides which white space belongs to it.
fn untrimmed(setting: &Option<String>) -> Option<&str> {
    setting.as_deref().filter(|text| !text.trim().is_empty())
}

fn secret(setting: &'static str, text: &str) -> Result<Secret, InvalidSetting> {
    if text.trim() == EXAMPLE_SECRET {
        return Err(InvalidSetting::new(
            setting,
            "is the published example (waxseal secret prints a new one)",
        ));
    }
    Secret::new(text).map_err(|error| {
        InvalidSetting::new(setting, format!("{error} (waxseal secret prints one)"))
    })
}

/// Whether a secret has fewer different characters than a random one would: only one in ten
/// thousand strings of 32 random digits has fewer than eight.
fn is_repetitive(secret: &str) -> bool {
    secret.trim().chars().collect::<HashSet<_>>().len() < 8
}
