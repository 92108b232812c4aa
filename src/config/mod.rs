//! The settings: flags, environment and `.env` in, one validated [`Config`] out.
//!
//! A file for each group of settings. To add a setting, add a field with its description to the
//! group's `…Args`, and the value to what the group validates to. The tests then print the lines
//! that README.md and `.env.example` need.

mod database;
#[cfg(test)]
mod documentation;
mod environment;
mod first_admin;
mod invalid_setting;
mod listen;
mod logging;
mod mail;
mod password;
mod secret_file;
mod secret_strength;
mod server;
mod session;
mod sign_up;
mod slips;
mod value;

use clap::Args;

use crate::{
    accounts::{PasswordPolicy, SignUpPolicy},
    db::{ConnectionLimit, DatabaseUrl},
};

pub use self::{
    database::{ConnectionArgs, DatabaseArgs},
    environment::{Environment, EnvironmentArgs},
    first_admin::{FirstAdmin, FirstAdminArgs},
    invalid_setting::{InvalidSetting, SettingWarning},
    listen::{ListenAddress, ListenArgs},
    logging::{CommandLogArgs, LogArgs, LogConfig, LogFormat},
    mail::{MailArgs, MailConfig},
    password::PasswordArgs,
    server::{ServerArgs, ServerConfig},
    session::{SessionArgs, SessionConfig},
    sign_up::SignUpArgs,
    slips::{NameSource, slips},
};

/// All settings, as they were given.
#[derive(Args, Clone, Default)]
pub struct ServeArgs {
    /// The environment.
    #[command(flatten)]
    pub environment: EnvironmentArgs,
    /// How the server is reached.
    #[command(flatten)]
    pub server: ServerArgs,
    /// The database.
    #[command(flatten)]
    pub database: DatabaseArgs,
    /// The connections to it.
    #[command(flatten)]
    pub connections: ConnectionArgs,
    /// The sessions.
    #[command(flatten)]
    pub session: SessionArgs,
    /// The passwords.
    #[command(flatten)]
    pub passwords: PasswordArgs,
    /// Who may sign up.
    #[command(flatten)]
    pub sign_up: SignUpArgs,
    /// The first administrator.
    #[command(flatten)]
    pub first_admin: FirstAdminArgs,
    /// The mail.
    #[command(flatten)]
    pub mail: MailArgs,
    /// The log.
    #[command(flatten)]
    pub log: LogArgs,
}

/// What the server runs with, every value in its range.
#[derive(Debug)]
pub struct Config {
    /// Development or production.
    pub environment: Environment,
    /// How the server is reached.
    pub server: ServerConfig,
    /// The database.
    pub database: DatabaseUrl,
    /// How many connections it may have.
    pub connections: ConnectionLimit,
    /// How sessions are sealed and how long they live.
    pub session: SessionConfig,
    /// What new passwords must be.
    pub passwords: PasswordPolicy,
    /// Who may sign up.
    pub sign_up: SignUpPolicy,
    /// The administrator of a database without users.
    pub first_admin: Option<FirstAdmin>,
    /// How mail is sent, and which.
    pub mail: MailConfig,
    /// What is logged, and how.
    pub log: LogConfig,
    /// What is allowed but unwise.
    pub warnings: Vec<SettingWarning>,
}

impl ServeArgs {
    /// Checks every setting and fills in the defaults.
    ///
    /// # Errors
    ///
    /// For the first setting that can't be used.
    pub fn validate(&self) -> Result<Config, InvalidSetting> {
        let environment = self.environment.validate()?;
        let server = self.server.validate(environment)?;
        let passwords = self.passwords.validate()?;
        let mut config = Config {
            environment,
            mail: self.mail.validate(environment, server.public_origin.as_deref())?,
            server,
            database: self.database.validate()?,
            connections: self.connections.validate()?,
            session: self.session.validate(environment)?,
            sign_up: self.sign_up.validate()?,
            passwords,
            first_admin: self.first_admin.validate(passwords)?,
            log: self.log.validate()?,
            warnings: Vec::new(),
        };
        config.warnings.append(&mut config.session.warnings);
        config.warnings.append(&mut config.server.warnings);
        config.warnings.append(&mut config.mail.warnings);
        config.warnings.extend(self.database.warning());
        config.warnings.extend(self.first_admin.warning());
        Ok(config)
    }

    /// What is wrong with the settings: the first problem of each group.
    pub fn problems(&self) -> Vec<InvalidSetting> {
        // What depends on the environment can't be judged without it.
        let environment = match self.environment.validate() {
            Ok(environment) => environment,
            Err(problem) => return vec![problem],
        };
        let server = self.server.validate(environment);
        // Reported already if it is the origin that can't be used.
        let origin = server
            .as_ref()
            .map_or(self.server.public_url.as_deref(), |server| server.public_origin.as_deref());
        let passwords = self.passwords.validate();
        let groups = [
            self.mail.validate(environment, origin).err(),
            server.err(),
            self.database.validate().err(),
            self.connections.validate().err(),
            self.session.validate(environment).err(),
            self.sign_up.validate().err(),
            passwords.clone().ok().and_then(|policy| self.first_admin.validate(policy).err()),
            passwords.err(),
            self.log.validate().err(),
        ];
        groups.into_iter().flatten().collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches};

    use super::{session::EXAMPLE_SECRET, *};
    use crate::web::trusted_proxies::TrustedProxies;
    use waxseal_session::{ExpiryPolicy, Secret};

    const SECRET: &str = "a secret that is long enough for it";

    /// Reads the settings as flags; the environment of the tests has no say.
    fn validate(settings: &[(&str, &str)]) -> Result<Config, InvalidSetting> {
        let flags = settings.iter().map(|(setting, value)| {
            format!("--{}={value}", setting.to_lowercase().replace('_', "-"))
        });
        let matches = ServeArgs::augment_args(Command::new("waxseal").no_binary_name(true))
            .args_override_self(true)
            .mut_args(|arg| arg.env(None))
            .get_matches_from(flags);
        ServeArgs::from_arg_matches(&matches).unwrap().validate()
    }

    fn refusal(settings: &[(&str, &str)]) -> String {
        validate(settings).unwrap_err().to_string()
    }

    #[test]
    fn nothing_has_to_be_set_in_development() {
        for config in [validate(&[]).unwrap(), ServeArgs::default().validate().unwrap()] {
            assert_eq!(config.environment, Environment::Development);
            assert_eq!(config.server.listen.tcp(), Some("127.0.0.1:8080".parse().unwrap()));
            assert_eq!(config.server.metrics_listen, None);
            assert_eq!(config.server.trusted_proxies, TrustedProxies::default());
            assert_eq!(config.session.cookie_name, "waxseal");
            assert!(config.session.temporary_secret);
            assert_eq!(config.session.expiry_policy, ExpiryPolicy::default());
            assert_eq!(config.passwords.min_length(), PasswordPolicy::DEFAULT_MIN_LENGTH);
        }
    }

    #[test]
    fn what_is_unwise_is_warned_of() {
        let warnings = |secret: &str, proxies: &str| -> Vec<String> {
            let settings = [("SESSION_SECRET", secret), ("TRUSTED_PROXIES", proxies)];
            validate(&settings).unwrap().warnings.iter().map(ToString::to_string).collect()
        };
        let good = Secret::generate().expose().to_owned();
        assert!(warnings(&good, "10.0.0.0/8").is_empty());
        assert!(warnings("", "")[0].starts_with("SESSION_SECRET: is not set"));
        assert!(warnings(&"ab".repeat(20), "")[0].starts_with("SESSION_SECRET: repeats"));
        for everyone in ["0.0.0.0/0", "10.0.0.1, ::/0"] {
            assert!(warnings(&good, everyone)[0].starts_with("TRUSTED_PROXIES: trusts every"));
        }
    }

    #[test]
    fn a_sender_without_a_mail_server_is_warned_of() {
        let warned = |settings: &[(&str, &str)]| {
            let warnings = validate(settings).unwrap().warnings;
            warnings.iter().any(|warning| warning.setting == "MAIL_FROM")
        };
        let production = ("APP_ENV", "production");
        let settings = [("MAIL_FROM", "a@example.com"), ("SESSION_SECRET", SECRET)];
        assert!(!warned(&settings), "development writes files");
        assert!(warned(&[settings[0], settings[1], production]));
        let folder = [("MAIL_DIR", "mails"), ("PUBLIC_URL", "https://example.com")];
        assert!(!warned(&[settings[0], settings[1], production, folder[0], folder[1]]));
        assert!(!warned(&[settings[1], production]));
    }

    #[test]
    fn production_needs_the_origin_of_links_wherever_mail_goes() {
        let production = [("APP_ENV", "production"), ("SESSION_SECRET", SECRET)];
        for mail in [("MAIL_DIR", "mails"), ("SMTP_URL", "smtps://mail.example.com")] {
            let settings = [production[0], production[1], mail, ("MAIL_FROM", "a@example.com")];
            assert!(refusal(&settings).starts_with("PUBLIC_URL: is missing"));
            let origin = ("PUBLIC_URL", "https://example.com");
            assert!(validate(&[&settings[..], &[origin]].concat()).is_ok());
        }
    }

    #[test]
    fn an_empty_setting_counts_as_not_given() {
        let settings = ["APP_ENV", "LISTEN", "SESSION_SECRET", "SESSION_LIFETIME", "RUST_LOG"];
        let config = validate(&settings.map(|setting| (setting, " "))).unwrap();
        assert_eq!(config.environment, Environment::Development);
        assert!(config.session.temporary_secret);
        assert_eq!(config.session.expiry_policy, ExpiryPolicy::default());
        assert_eq!(config.log.filter, "info");
    }

    #[test]
    fn production_needs_a_secret_of_its_own() {
        let with = |secret| [("APP_ENV", "production"), ("SESSION_SECRET", secret)];
        assert!(refusal(&with("")).starts_with("SESSION_SECRET: is missing"));
        assert!(refusal(&with("0123456789012345678901234567890")).contains("31 bytes"));
        assert!(refusal(&with(EXAMPLE_SECRET)).contains("example"));
        assert_eq!(validate(&with(SECRET)).unwrap().session.cookie_name, "__Host-waxseal");
    }

    #[test]
    fn production_refuses_a_secret_that_is_easy_to_guess_and_development_warns() {
        let weak = "change-mechange-mechange-mechange-me";
        let fallbacks = format!("{SECRET},{weak}");
        for (setting, value) in
            [("SESSION_SECRET", weak), ("SESSION_SECRET_FALLBACKS", &*fallbacks)]
        {
            let settings = [("SESSION_SECRET", SECRET), (setting, value)];
            let warnings = validate(&settings[settings.len() - 2..]).map(|config| config.warnings);
            let expected = format!("{setting}: repeats itself: anyone who guesses it");
            let warnings: Vec<_> = warnings.unwrap().iter().map(ToString::to_string).collect();
            assert!(warnings.iter().any(|warning| warning.starts_with(&expected)), "{warnings:?}");
            let refusal = refusal(&[("APP_ENV", "production"), settings[0], settings[1]]);
            assert!(refusal.starts_with(&expected), "{refusal}");
            assert!(!refusal.contains("change-me"), "{refusal}");
        }
    }

    #[test]
    fn a_fallback_that_is_the_secret_itself_is_warned_of() {
        let fallbacks = format!("{SECRET},{}", Secret::generate().expose());
        let settings = [("SESSION_SECRET", SECRET), ("SESSION_SECRET_FALLBACKS", &fallbacks)];
        let warnings = validate(&settings).unwrap().warnings;
        assert_eq!(warnings.len(), 1);
        assert_eq!(warnings[0].setting, "SESSION_SECRET_FALLBACKS");
    }

    #[test]
    fn a_refusal_names_the_setting_and_never_the_secret() {
        for (setting, value) in [
            ("APP_ENV", "prod"),
            ("LISTEN", "8080"),
            ("LISTEN", "0.0.0.0:8080"),
            ("LISTEN", "unix:"),
            ("METRICS_LISTEN", "9090"),
            ("METRICS_LISTEN", "0.0.0.0:9090"),
            ("METRICS_LISTEN", "127.0.0.1:8080"),
            ("DATABASE_URL", "mysql://me:hunter2@db"),
            ("DATABASE_URL", "postgres://me:hunter2@a,b/waxseal"),
            ("DATABASE_URL", "postgres://me:hunter2@db/waxseal?sslmode=verify_full"),
            ("DATABASE_CONNECTIONS", "2"),
            ("DATABASE_CONNECTIONS", "1001"),
            ("DATABASE_CONNECTIONS", "many"),
            ("SESSION_SECRET", "hunter2"),
            ("SESSION_SECRET", "hunter2hunter2,hunter2hunter2hunter2"),
            ("SESSION_SECRET_FALLBACKS", "0123456789012345678901234567890123, hunter2hunter2"),
            ("SESSION_MODE", "redis"),
            ("SESSION_IDLE_TIMEOUT", "soon"),
            ("SESSION_IDLE_TIMEOUT", "900ms"),
            ("SESSION_LIFETIME", "1d"),
            ("SESSION_REFRESH_BELOW", "8d"),
            ("SESSION_COOKIE_NAME", "a b"),
            ("SESSION_COOKIE_NAME", "__Host-a"),
            ("PUBLIC_URL", "example.com"),
            ("PUBLIC_URL", "https://me:hunter2@example.com"),
            ("PUBLIC_URL", "https://example.com/app"),
            ("TRUSTED_PROXIES", "10.0.0.1, nginx"),
            ("TRUSTED_PROXIES", "10.0.0.0/33"),
            ("PASSWORD_MIN_LENGTH", "7"),
            ("PASSWORD_MIN_LENGTH", "257"),
            ("CLEANUP_INTERVAL", "0s"),
            ("RUST_LOG", "foo=bar=baz"),
            ("RUST_LOG", "verbose"),
            ("RUST_LOG", "warning"),
            ("RUST_LOG", "inf"),
            ("LOG_FORMAT", "xml"),
        ] {
            let refusal = refusal(&[(setting, value)]);
            assert!(refusal.starts_with(&format!("{setting}: ")), "{refusal}");
            assert!(!refusal.contains("hunter2"), "{refusal}");
            assert_eq!(refusal.lines().count(), 1, "{refusal}");
        }
    }

    #[test]
    fn a_path_in_the_public_url_is_refused_with_the_reason() {
        for url in ["https://example.com/app", "http://10.0.0.1:8080/a/"] {
            let expected = format!(
                "PUBLIC_URL: {url:?} has a path, but waxseal must be served at the root of a host, \
                 such as https://example.com"
            );
            assert_eq!(refusal(&[("PUBLIC_URL", url)]), expected);
        }
        for url in ["example.com", "https://example.com/?a", "https://me@example.com"] {
            let refusal = refusal(&[("PUBLIC_URL", url)]);
            assert!(refusal.contains("must be an origin, such as"), "{refusal}");
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
            let config = validate(&[("PUBLIC_URL", url)]).unwrap();
            assert_eq!(config.server.public_origin.as_deref(), Some(origin));
        }
    }

    #[test]
    fn trusted_proxies_are_addresses_and_cidrs_separated_by_commas() {
        let list = "10.0.0.1, 192.168.0.0/16,2001:db8::/32,::1";
        let config = validate(&[("TRUSTED_PROXIES", list)]).unwrap();
        assert_eq!(config.server.trusted_proxies, list.parse().unwrap());
    }

    #[test]
    fn a_secret_is_trimmed_as_the_seals_format_says_and_no_further() {
        let key_id = |secret: &str| {
            validate(&[("SESSION_SECRET", secret)]).unwrap().session.keyring.current_id()
        };
        assert_eq!(key_id(&format!(" {SECRET}\n")), key_id(SECRET));
        assert_ne!(key_id(&format!("{SECRET}\u{a0}")), key_id(SECRET));
        assert_ne!(key_id(&format!("{SECRET}\u{b}")), key_id(SECRET));
    }
}
