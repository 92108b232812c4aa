//! The settings: flags, environment and `.env` in, one validated [`Config`] out.

use std::{collections::HashSet, fmt, net::SocketAddr, time::Duration};

use actix_web::http::Uri;
use clap::Args;

use crate::{
    accounts::PasswordPolicy,
    db::DatabaseUrl,
    seal::{Keyring, Secret},
    session::{Lifetimes, Mode},
    web::trusted_proxies::TrustedProxies,
};

/// The secret that `.env.example` shows: everybody knows it, so nobody may use it.
const EXAMPLE_SECRET: &str = "replace-me-with-what-waxseal-secret-prints";

/// The settings as they were given. An empty one counts as not given.
#[derive(Args, Clone, Default)]
pub struct Settings {
    /// development or production [default: development]
    #[arg(long, env, value_name = "ENV", hide_env_values = true)]
    pub app_env: Option<String>,

    /// The address and port to listen on; port 0 picks one [default: 127.0.0.1:8080]
    #[arg(long, env, value_name = "ADDRESS", hide_env_values = true)]
    pub listen: Option<String>,

    /// The address and port that the metrics are on, in Prometheus' text format; anybody who
    /// reaches it may read them [default: none]
    #[arg(long, env, value_name = "ADDRESS", hide_env_values = true)]
    pub metrics_listen: Option<String>,

    /// The database; created when missing [default: sqlite://waxseal.db]
    #[arg(long, env, value_name = "URL", hide_env_values = true)]
    pub database_url: Option<String>,

    /// What the key is derived from: at least 32 bytes. `waxseal secret` makes one. In
    /// development it may be left out: sessions then end with the process
    #[arg(long, env, value_name = "SECRET", hide_env_values = true)]
    pub session_secret: Option<String>,

    /// Secrets that are still accepted, separated by commas
    #[arg(long, env, value_name = "SECRETS", hide_env_values = true)]
    pub session_secret_fallbacks: Option<String>,

    /// Where the session's state is: cookie or database [default: cookie]
    #[arg(long, env, value_name = "MODE", hide_env_values = true)]
    pub session_mode: Option<String>,

    /// How long a session lives unused [default: 7d]
    #[arg(long, env, value_name = "DURATION", hide_env_values = true)]
    pub session_idle_timeout: Option<String>,

    /// How long a session lives at most [default: 30d]
    #[arg(long, env, value_name = "DURATION", hide_env_values = true)]
    pub session_lifetime: Option<String>,

    /// With how much of its time left a session is refreshed [default: a quarter of the idle
    /// timeout]
    #[arg(long, env, value_name = "DURATION", hide_env_values = true)]
    pub session_refresh_below: Option<String>,

    /// The cookie's name; in production `__Host-` is put before it [default: session]
    #[arg(long, env, value_name = "NAME", hide_env_values = true)]
    pub session_cookie_name: Option<String>,

    /// The site's origin, when it differs from the Host that requests name
    #[arg(long, env, value_name = "ORIGIN", hide_env_values = true)]
    pub public_url: Option<String>,

    /// The proxies whose X-Forwarded-For is believed: addresses or CIDRs, separated by commas
    #[arg(long, env, value_name = "ADDRESSES", hide_env_values = true)]
    pub trusted_proxies: Option<String>,

    /// The fewest characters of a password [default: 12]
    #[arg(long, env, value_name = "NUMBER", hide_env_values = true)]
    pub password_min_length: Option<String>,

    /// How often expired sessions and old log-in events are deleted [default: 1h]
    #[arg(long, env, value_name = "DURATION", hide_env_values = true)]
    pub cleanup_interval: Option<String>,

    /// What is logged, as env_logger reads it [default: info]
    #[arg(long, env, value_name = "FILTER", hide_env_values = true)]
    pub rust_log: Option<String>,
}

/// What the server runs with: every value in its range.
#[derive(Debug)]
pub struct Config {
    /// Development or production.
    pub environment: Environment,
    /// The address to listen on.
    pub listen: SocketAddr,
    /// The address that the metrics are on; without one, nothing is measured.
    pub metrics_listen: Option<SocketAddr>,
    /// The database.
    pub database: DatabaseUrl,
    /// The keys.
    pub keyring: Keyring,
    /// Whether the secret was made up at the start: sessions then end with the process.
    pub temporary_secret: bool,
    /// What is allowed and still unwise: a line each, which names the setting.
    pub doubts: Vec<&'static str>,
    /// Where the session's state is.
    pub mode: Mode,
    /// How long sessions live.
    pub lifetimes: Lifetimes,
    /// The cookie's whole name.
    pub cookie_name: String,
    /// The site's origin, when it differs from `Host`.
    pub public_origin: Option<String>,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: TrustedProxies,
    /// What passwords have to be.
    pub passwords: PasswordPolicy,
    /// How often the database is cleaned up.
    pub cleanup_interval: Duration,
    /// What is logged.
    pub log_filter: String,
}

/// Where the server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Environment {
    /// On a developer's machine: HTTP, on loopback only, cookies without Secure.
    Development,
    /// For people: behind HTTPS.
    Production,
}

/// A setting that can't be used: its name, what was wrong, what is allowed. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct InvalidSetting {
    setting: &'static str,
    problem: String,
}

impl InvalidSetting {
    fn new(setting: &'static str, problem: impl fmt::Display) -> Self {
        Self { setting, problem: problem.to_string() }
    }
}

impl Settings {
    /// Checks every setting and fills in the defaults.
    ///
    /// # Errors
    ///
    /// For the first setting that can't be used.
    pub fn validate(self) -> Result<Config, InvalidSetting> {
        let environment = self.environment()?;
        let (keyring, temporary_secret) = self.keyring(environment)?;
        let trusted_proxies = self.trusted_proxies()?;
        let doubts = [
            temporary_secret.then_some(
                "SESSION_SECRET is not set: everybody will be logged out when this process ends",
            ),
            given(&self.session_secret).is_some_and(is_monotonous).then_some(
                "SESSION_SECRET repeats a few characters: whoever guesses it is whoever they want \
                 (waxseal secret prints a random one)",
            ),
            trusted_proxies.trust_everybody().then_some(
                "TRUSTED_PROXIES trusts every address: anybody who reaches this port directly can \
                 make up where they come from",
            ),
        ];
        Ok(Config {
            environment,
            listen: self.listen(environment)?,
            metrics_listen: given(&self.metrics_listen)
                .map(|text| address("METRICS_LISTEN", text, "127.0.0.1:9090", environment))
                .transpose()?,
            database: self.database()?,
            keyring,
            temporary_secret,
            doubts: doubts.into_iter().flatten().collect(),
            mode: self.mode()?,
            lifetimes: self.lifetimes()?,
            cookie_name: self.cookie_name(environment)?,
            public_origin: given(&self.public_url).map(origin).transpose()?,
            trusted_proxies,
            passwords: self.passwords()?,
            cleanup_interval: self.cleanup_interval()?,
            log_filter: self.log_filter()?,
        })
    }

    fn database(&self) -> Result<DatabaseUrl, InvalidSetting> {
        given(&self.database_url)
            .unwrap_or("sqlite://waxseal.db")
            .parse()
            .map_err(|error| InvalidSetting::new("DATABASE_URL", error))
    }

    fn environment(&self) -> Result<Environment, InvalidSetting> {
        match given(&self.app_env) {
            None | Some("development") => Ok(Environment::Development),
            Some("production") => Ok(Environment::Production),
            Some(other) => Err(InvalidSetting::new(
                "APP_ENV",
                format!("{other:?} must be development or production"),
            )),
        }
    }

    fn listen(&self, environment: Environment) -> Result<SocketAddr, InvalidSetting> {
        const DEFAULT: &str = "127.0.0.1:8080";
        address("LISTEN", given(&self.listen).unwrap_or(DEFAULT), DEFAULT, environment)
    }

    /// The keys, and whether the secret was made up.
    fn keyring(&self, environment: Environment) -> Result<(Keyring, bool), InvalidSetting> {
        // As they were given: what is white space around a secret, `Secret` says.
        let raw = |setting: &Option<String>| setting.clone().filter(|text| !text.trim().is_empty());
        let current = raw(&self.session_secret)
            .map(|text| match text.contains(',') {
                false => secret("SESSION_SECRET", &text),
                true => Err(InvalidSetting::new(
                    "SESSION_SECRET",
                    "has a comma, so it could never stand among the fallbacks",
                )),
            })
            .transpose()?;
        let temporary = current.is_none();
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
        let fallbacks: Vec<Secret> = raw(&self.session_secret_fallbacks)
            .iter()
            .flat_map(|list| list.split(','))
            .filter(|text| !text.trim().is_empty())
            .map(|text| secret("SESSION_SECRET_FALLBACKS", text))
            .collect::<Result<_, _>>()?;
        let keyring = Keyring::with_fallbacks(&current, &fallbacks)
            .map_err(|error| InvalidSetting::new("SESSION_SECRET_FALLBACKS", error))?;
        Ok((keyring, temporary))
    }

    fn mode(&self) -> Result<Mode, InvalidSetting> {
        match given(&self.session_mode) {
            None | Some("cookie") => Ok(Mode::Cookie),
            Some("database") => Ok(Mode::Database),
            Some(other) => Err(InvalidSetting::new(
                "SESSION_MODE",
                format!("{other:?} must be cookie or database"),
            )),
        }
    }

    fn lifetimes(&self) -> Result<Lifetimes, InvalidSetting> {
        use crate::session::SettingsError;

        let idle_timeout = duration("SESSION_IDLE_TIMEOUT", &self.session_idle_timeout)?
            .unwrap_or(Lifetimes::DEFAULT_IDLE_TIMEOUT);
        let lifetime = duration("SESSION_LIFETIME", &self.session_lifetime)?
            .unwrap_or(Lifetimes::DEFAULT_LIFETIME);
        let refresh_below = duration("SESSION_REFRESH_BELOW", &self.session_refresh_below)?;
        Lifetimes::new(idle_timeout, lifetime, refresh_below).map_err(|error| {
            let setting = match error {
                SettingsError::IdleTimeout => "SESSION_IDLE_TIMEOUT",
                SettingsError::RefreshBelow => "SESSION_REFRESH_BELOW",
                _ => "SESSION_LIFETIME",
            };
            InvalidSetting::new(setting, error)
        })
    }

    fn cookie_name(&self, environment: Environment) -> Result<String, InvalidSetting> {
        let name = given(&self.session_cookie_name).unwrap_or("session");
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        if !name.chars().all(is_token) || name.starts_with("__") {
            return Err(InvalidSetting::new(
                "SESSION_COOKIE_NAME",
                format!(
                    "{name:?} must be of letters, digits and !#$%&'*+-.^_`|~, and not begin with __"
                ),
            ));
        }
        Ok(match environment {
            Environment::Development => name.to_owned(),
            Environment::Production => format!("__Host-{name}"),
        })
    }

    fn trusted_proxies(&self) -> Result<TrustedProxies, InvalidSetting> {
        given(&self.trusted_proxies)
            .unwrap_or_default()
            .parse()
            .map_err(|error| InvalidSetting::new("TRUSTED_PROXIES", error))
    }

    fn cleanup_interval(&self) -> Result<Duration, InvalidSetting> {
        const HOUR: Duration = Duration::from_secs(3600);
        let interval = duration("CLEANUP_INTERVAL", &self.cleanup_interval)?.unwrap_or(HOUR);
        if interval < Duration::from_secs(1) {
            return Err(InvalidSetting::new("CLEANUP_INTERVAL", "must be at least 1s"));
        }
        Ok(interval)
    }

    fn log_filter(&self) -> Result<String, InvalidSetting> {
        let filter = given(&self.rust_log).unwrap_or("info");
        env_filter::Builder::new().try_parse(filter).map_err(|_| {
            let problem = format!(
                "{filter:?} must be a level such as info, or a list like warn,waxseal=debug"
            );
            InvalidSetting::new("RUST_LOG", problem)
        })?;
        Ok(filter.to_owned())
    }

    fn passwords(&self) -> Result<PasswordPolicy, InvalidSetting> {
        let Some(text) = given(&self.password_min_length) else {
            return Ok(PasswordPolicy::new(PasswordPolicy::DEFAULT_MIN_LENGTH));
        };
        // What is longer than a password may be in bytes, nobody could have.
        let allowed = PasswordPolicy::LOWEST_MIN_LENGTH..=256;
        match text.parse().ok().filter(|length| allowed.contains(length)) {
            Some(length) => Ok(PasswordPolicy::new(length)),
            None => Err(InvalidSetting::new(
                "PASSWORD_MIN_LENGTH",
                format!("{text:?} must be a number from {} to {}", allowed.start(), allowed.end()),
            )),
        }
    }
}

/// The text of a setting, if it was given and is not empty.
fn given(setting: &Option<String>) -> Option<&str> {
    setting.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

/// Reads an address to listen on.
fn address(
    setting: &'static str,
    text: &str,
    example: &str,
    environment: Environment,
) -> Result<SocketAddr, InvalidSetting> {
    let wrong = |problem: String| InvalidSetting::new(setting, format!("{text:?} {problem}"));
    let address: SocketAddr = text
        .parse()
        .map_err(|_| wrong(format!("must be an IP address and a port, such as {example}")))?;
    if environment == Environment::Development && !address.ip().is_loopback() {
        return Err(wrong(format!(
            "must be a loopback address in development, such as {example} (others need APP_ENV=production)",
        )));
    }
    Ok(address)
}

/// Whether a secret has fewer different characters than any random one would: 32 random digits
/// have at least eight, but for one in ten thousand.
fn is_monotonous(secret: &str) -> bool {
    secret.trim().chars().collect::<HashSet<_>>().len() < 8
}

fn secret(setting: &'static str, text: &str) -> Result<Secret, InvalidSetting> {
    if text.trim() == EXAMPLE_SECRET {
        return Err(InvalidSetting::new(
            setting,
            "is the example, which everybody knows (waxseal secret prints one of your own)",
        ));
    }
    Secret::new(text).map_err(|error| {
        InvalidSetting::new(setting, format!("{error} (waxseal secret prints one)"))
    })
}

fn duration(
    setting: &'static str,
    text: &Option<String>,
) -> Result<Option<Duration>, InvalidSetting> {
    given(text)
        .map(|text| {
            humantime::parse_duration(text).map_err(|_| {
                let problem = format!("{text:?} must be a duration such as 7d, 90m or 4s");
                InvalidSetting::new(setting, problem)
            })
        })
        .transpose()
}

/// Reads `PUBLIC_URL` as an origin: scheme and host, and the port where it is not the usual one.
fn origin(text: &str) -> Result<String, InvalidSetting> {
    let uri: Option<Uri> = text.parse().ok();
    let origin = uri.as_ref().and_then(|uri| match (uri.scheme_str()?, uri.authority()?) {
        (scheme @ ("http" | "https"), authority) if matches!(uri.path(), "" | "/") => {
            let usual = if scheme == "https" { ":443" } else { ":80" };
            let authority = authority.as_str();
            Some(format!("{scheme}://{}", authority.strip_suffix(usual).unwrap_or(authority)))
        }
        _ => None,
    });
    origin.filter(|_| !text.contains(['?', '#', '@'])).ok_or_else(|| {
        let problem = format!("{text:?} must be an origin, such as https://example.com");
        InvalidSetting::new("PUBLIC_URL", problem)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(settings: Settings) -> String {
        settings.validate().unwrap_err().to_string()
    }

    fn some(text: &str) -> Option<String> {
        Some(text.to_owned())
    }

    #[test]
    fn nothing_has_to_be_set_in_development() {
        let config = Settings::default().validate().unwrap();
        assert_eq!(config.environment, Environment::Development);
        assert_eq!(config.listen, "127.0.0.1:8080".parse().unwrap());
        assert_eq!(config.metrics_listen, None);
        assert_eq!(config.cookie_name, "session");
        assert!(config.temporary_secret);
        assert_eq!(config.lifetimes, Lifetimes::default());
        assert_eq!(config.passwords.min_length(), 12);
        assert_eq!(config.trusted_proxies, TrustedProxies::default());
    }

    #[test]
    fn what_is_unwise_is_told() {
        let with = |secret: &str, proxies: &str| {
            let settings = Settings {
                session_secret: some(secret),
                trusted_proxies: some(proxies),
                ..Settings::default()
            };
            settings.validate().unwrap().doubts
        };
        let good = Secret::generate().expose().to_owned();
        assert!(with(&good, "10.0.0.0/8").is_empty());
        assert!(with(&"ab".repeat(20), "")[0].starts_with("SESSION_SECRET repeats"));
        for everybody in ["0.0.0.0/0", "10.0.0.1, ::/0"] {
            assert!(with(&good, everybody)[0].starts_with("TRUSTED_PROXIES trusts every"));
        }
    }

    #[test]
    fn an_empty_setting_counts_as_not_given() {
        let settings =
            Settings { app_env: some(""), session_secret: some(" "), ..Settings::default() };
        assert!(settings.validate().unwrap().temporary_secret);
    }

    #[test]
    fn production_needs_a_secret_of_its_own() {
        let production = Settings { app_env: some("production"), ..Settings::default() };
        let with = |secret: &str| Settings { session_secret: some(secret), ..production.clone() };
        assert!(refusal(production.clone()).starts_with("SESSION_SECRET: is missing"));
        assert!(refusal(with("0123456789012345678901234567890")).contains("31 bytes"));
        assert!(refusal(with(EXAMPLE_SECRET)).contains("example"));
        let config = with("01234567890123456789012345678901").validate().unwrap();
        assert_eq!(config.cookie_name, "__Host-session");
    }

    #[test]
    fn the_example_is_the_one_in_the_example_file() {
        let example = include_str!("../.env.example");
        assert!(example.contains(&format!("SESSION_SECRET={EXAMPLE_SECRET}")));
    }

    #[test]
    fn a_refusal_names_the_setting_and_never_the_secret() {
        let base = Settings::default;
        let fallbacks = "0123456789012345678901234567890123, hunter2hunter2";
        let cases = [
            ("APP_ENV", Settings { app_env: some("prod"), ..base() }),
            ("LISTEN", Settings { listen: some("8080"), ..base() }),
            ("LISTEN", Settings { listen: some("0.0.0.0:8080"), ..base() }),
            ("METRICS_LISTEN", Settings { metrics_listen: some("9090"), ..base() }),
            ("METRICS_LISTEN", Settings { metrics_listen: some("0.0.0.0:9090"), ..base() }),
            ("DATABASE_URL", Settings { database_url: some("mysql://me:hunter2@db"), ..base() }),
            ("SESSION_SECRET", Settings { session_secret: some("hunter2"), ..base() }),
            (
                "SESSION_SECRET_FALLBACKS",
                Settings { session_secret_fallbacks: some(fallbacks), ..base() },
            ),
            ("SESSION_MODE", Settings { session_mode: some("redis"), ..base() }),
            ("SESSION_IDLE_TIMEOUT", Settings { session_idle_timeout: some("soon"), ..base() }),
            ("SESSION_IDLE_TIMEOUT", Settings { session_idle_timeout: some("900ms"), ..base() }),
            ("SESSION_LIFETIME", Settings { session_lifetime: some("1d"), ..base() }),
            ("SESSION_REFRESH_BELOW", Settings { session_refresh_below: some("8d"), ..base() }),
            ("SESSION_COOKIE_NAME", Settings { session_cookie_name: some("a b"), ..base() }),
            ("SESSION_COOKIE_NAME", Settings { session_cookie_name: some("__Host-a"), ..base() }),
            ("PUBLIC_URL", Settings { public_url: some("example.com"), ..base() }),
            ("PUBLIC_URL", Settings { public_url: some("https://example.com/app"), ..base() }),
            ("TRUSTED_PROXIES", Settings { trusted_proxies: some("10.0.0.1, nginx"), ..base() }),
            ("TRUSTED_PROXIES", Settings { trusted_proxies: some("10.0.0.0/33"), ..base() }),
            ("PASSWORD_MIN_LENGTH", Settings { password_min_length: some("7"), ..base() }),
            ("CLEANUP_INTERVAL", Settings { cleanup_interval: some("0s"), ..base() }),
            ("RUST_LOG", Settings { rust_log: some("foo=bar=baz"), ..base() }),
            (
                "SESSION_SECRET",
                Settings { session_secret: some("hunter2hunter2,hunter2hunter2hunter2"), ..base() },
            ),
        ];
        for (setting, settings) in cases {
            let refusal = refusal(settings);
            assert!(refusal.starts_with(&format!("{setting}: ")), "{refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
            assert_eq!(refusal.lines().count(), 1, "{refusal}");
        }
    }

    #[test]
    fn the_public_url_is_kept_as_an_origin() {
        for (url, origin) in [
            ("https://example.com/", "https://example.com"),
            ("https://example.com:443", "https://example.com"),
            ("http://example.com:80", "http://example.com"),
            ("http://example.com:443", "http://example.com:443"),
        ] {
            let settings = Settings { public_url: some(url), ..Settings::default() };
            let config = settings.validate().unwrap();
            assert_eq!(config.public_origin.as_deref(), Some(origin));
        }
    }

    #[test]
    fn trusted_proxies_are_addresses_and_cidrs_separated_by_commas() {
        let list = "10.0.0.1, 192.168.0.0/16,2001:db8::/32,::1";
        let settings = Settings { trusted_proxies: some(list), ..Settings::default() };
        assert_eq!(settings.validate().unwrap().trusted_proxies, list.parse().unwrap());
    }

    #[test]
    fn a_secret_is_trimmed_as_the_seals_format_says_and_no_further() {
        const SECRET: &str = "01234567890123456789012345678901";
        let key_id = |secret: &str| {
            let settings = Settings { session_secret: some(secret), ..Settings::default() };
            settings.validate().unwrap().keyring.current_id()
        };
        assert_eq!(key_id(&format!(" {SECRET}\n")), key_id(SECRET));
        assert_ne!(key_id(&format!("{SECRET}\u{a0}")), key_id(SECRET));
        assert_ne!(key_id(&format!("{SECRET}\u{b}")), key_id(SECRET));
    }
}
