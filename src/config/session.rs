//! The settings of sessions: secrets, cookie, lifetimes.

use std::time::Duration;

use clap::Args;
use waxseal_session::{ExpiryPolicy, Keyring, Mode, Secret, SettingsError, cookie};
use zeroize::Zeroizing;

use super::{
    environment::Environment,
    invalid_setting::{InvalidSetting, SettingWarning},
    secret_file::SecretSetting,
    secret_strength::{Weakness, weakness},
    value::{duration, given},
};

const SECRET: &str = "SESSION_SECRET";
const FALLBACKS: &str = "SESSION_SECRET_FALLBACKS";

const MODE: &str = "cookie";
const IDLE_TIMEOUT: &str = "7d";
const LIFETIME: &str = "30d";
const COOKIE_NAME: &str = "waxseal";
const STEP_UP_AFTER: &str = "15m";

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

    /// The file that SESSION_SECRET is in, instead of the setting itself
    ///
    /// White space around the secret is ignored. Without either, systemd's credential of the name
    /// SESSION_SECRET is used, if there is one.
    #[arg(
        long = "session-secret-file",
        env = "SESSION_SECRET_FILE",
        value_name = "FILE",
        hide_env_values = true
    )]
    pub secret_file: Option<String>,

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

    /// The file that SESSION_SECRET_FALLBACKS are in, instead of the setting itself
    ///
    /// Separated by commas or one a line. Without either, systemd's credential of the name is used.
    #[arg(
        long = "session-secret-fallbacks-file",
        env = "SESSION_SECRET_FALLBACKS_FILE",
        value_name = "FILE",
        hide_env_values = true
    )]
    pub secret_fallbacks_file: Option<String>,

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

    /// How long after a log-in what is dangerous asks for the password again
    ///
    /// At least 1s. Entering the password again counts as a log-in.
    #[arg(
        long = "step-up-after",
        env = "STEP_UP_AFTER",
        value_name = "DURATION",
        default_value = STEP_UP_AFTER,
        hide_env_values = true
    )]
    pub step_up_after: Option<String>,
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
    /// How long after proving who they are people can do what is dangerous.
    pub step_up_after: Duration,
    /// What is allowed but unwise.
    pub warnings: Vec<SettingWarning>,
}

impl SessionArgs {
    /// # Errors
    ///
    /// For the first setting that can't be used.
    pub fn validate(&self, environment: Environment) -> Result<SessionConfig, InvalidSetting> {
        let given = Secrets { current: self.secret()?, fallbacks: self.fallbacks()? };
        if environment == Environment::Production {
            given.refuse_weak()?;
        }
        let warnings = self.warnings(&given);
        let temporary_secret = given.current.is_none();
        let current = match (given.current, environment) {
            (Some(secret), _) => secret,
            (None, Environment::Development) => Secret::generate(),
            (None, Environment::Production) => {
                return Err(InvalidSetting::new(
                    SECRET,
                    "is missing; production needs one of at least 32 bytes (waxseal secret prints one)",
                ));
            }
        };
        Ok(SessionConfig {
            keyring: Keyring::with_fallbacks(&current, &given.fallbacks)
                .map_err(|error| InvalidSetting::new(FALLBACKS, error))?,
            temporary_secret,
            mode: self.mode()?,
            expiry_policy: self.expiry_policy()?,
            cookie_name: self.cookie_name(environment)?,
            step_up_after: self.step_up_after()?,
            warnings,
        })
    }

    fn secret(&self) -> Result<Option<Secret>, InvalidSetting> {
        let Some(text) = self.secret_setting().read()? else { return Ok(None) };
        // Only between others: what is around a secret does not belong to it.
        if text.trim().contains([',', '\r', '\n']) {
            return Err(InvalidSetting::new(
                SECRET,
                "contains a comma or a line break, which separate the secrets in \
                 SESSION_SECRET_FALLBACKS",
            ));
        }
        secret(SECRET, &text).map(Some)
    }

    fn fallbacks(&self) -> Result<Vec<Secret>, InvalidSetting> {
        let text: Zeroizing<String> = self.fallbacks_setting().read()?.unwrap_or_default();
        text.split([',', '\r', '\n'])
            .filter(|text| !text.trim().is_empty())
            .map(|text| secret(FALLBACKS, text))
            .collect()
    }

    fn secret_setting(&self) -> SecretSetting<'_> {
        let (value, file) = (&self.secret, &self.secret_file);
        SecretSetting { name: SECRET, value, file, may_be_empty: false }
    }

    fn fallbacks_setting(&self) -> SecretSetting<'_> {
        let (value, file) = (&self.secret_fallbacks, &self.secret_fallbacks_file);
        // A rotation ends with no fallbacks: a unit's LoadCredential= still needs the file.
        SecretSetting { name: FALLBACKS, value, file, may_be_empty: true }
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

    fn step_up_after(&self) -> Result<Duration, InvalidSetting> {
        const SETTING: &str = "STEP_UP_AFTER";

        let after = duration(SETTING, given(&self.step_up_after).unwrap_or(STEP_UP_AFTER))?;
        if after < Duration::from_secs(1) {
            return Err(InvalidSetting::new(SETTING, "must be at least 1s"));
        }
        Ok(after)
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

    fn warnings(&self, given: &Secrets) -> Vec<SettingWarning> {
        let not_set = given.current.is_none().then(|| {
            let problem = "is not set: everyone is logged out when this process stops";
            SettingWarning::new(SECRET, problem)
        });
        let weak = given.weaknesses().map(|(name, problem)| SettingWarning::new(name, problem));
        let repeated =
            given.fallbacks.iter().any(|fallback| Some(fallback) == given.current.as_ref());
        let repeated = repeated.then(|| {
            SettingWarning::new(
                FALLBACKS,
                "has the secret of SESSION_SECRET too, which does nothing",
            )
        });
        let files = [self.secret_setting().warning(), self.fallbacks_setting().warning()];
        not_set.into_iter().chain(weak).chain(repeated).chain(files.into_iter().flatten()).collect()
    }
}

/// The secrets that were given.
struct Secrets {
    current: Option<Secret>,
    fallbacks: Vec<Secret>,
}

impl Secrets {
    /// # Errors
    ///
    /// If one of them is easy to guess.
    fn refuse_weak(&self) -> Result<(), InvalidSetting> {
        match self.weaknesses().next() {
            Some((name, problem)) => Err(InvalidSetting::new(name, problem)),
            None => Ok(()),
        }
    }

    fn weaknesses(&self) -> impl Iterator<Item = (&'static str, Weakness)> {
        let current = self.current.iter().map(|secret| (SECRET, secret));
        let fallbacks = self.fallbacks.iter().map(|secret| (FALLBACKS, secret));
        current
            .chain(fallbacks)
            .filter_map(|(name, secret)| Some((name, weakness(secret.expose())?)))
    }
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
