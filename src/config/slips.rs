//! Names that look like a setting and are none: they would be ignored, and the default used.

use clap::{Args, Command};

use super::{ServeArgs, invalid_setting::SettingWarning};

/// Where names come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NameSource {
    /// The environment, which has variables of other programs too. A name is reported if it is nearly one
    /// of ours, or begins with `SESSION_`.
    Environment,
    /// The file `.env`, which is waxseal's. A name is reported if it begins like one of ours.
    EnvFile,
}

/// What is in the environment of desktop sessions, and of containers beside a service named `session`.
const OF_OTHERS: [&str; 3] = ["SESSION_MANAGER", "SESSION_PORT", "SESSION_SERVICE_"];

/// What other programs call a setting of ours. Where that setting is given too, the name is theirs.
const OTHER_NAMES: [(&str, &str); 17] = [
    ("ADMIN_PASS", "ADMIN_PASSWORD"),
    ("ADMIN_USER", "ADMIN_EMAIL"),
    ("ADMIN_USERNAME", "ADMIN_EMAIL"),
    ("DB_URL", "DATABASE_URL"),
    ("MAILER_URL", "SMTP_URL"),
    ("MAIL_FROM_ADDRESS", "MAIL_FROM"),
    ("MAIL_URL", "SMTP_URL"),
    ("SIGNUPS", "SIGN_UP"),
    ("SMTP_FROM", "MAIL_FROM"),
    ("SMTP_HOST", "SMTP_URL"),
    ("SMTP_PASS", "SMTP_URL"),
    ("SMTP_PASSWORD", "SMTP_URL"),
    ("SMTP_PORT", "SMTP_URL"),
    ("SMTP_SERVER", "SMTP_URL"),
    ("SMTP_TLS", "SMTP_URL"),
    ("SMTP_USER", "SMTP_URL"),
    ("SMTP_USERNAME", "SMTP_URL"),
];

/// Variables that Rust programs read beside `RUST_LOG`.
const RUST: &str = "RUST_";

/// What people put before a setting's name, as other programs have it.
const PREFIX: &str = "WAXSEAL_";

const IGNORED: &str = "is not a setting, so it is ignored";

/// Warns of each name that looks like a setting and is none.
pub fn slips<'a>(
    names: impl IntoIterator<Item = &'a str>,
    source: NameSource,
) -> Vec<SettingWarning> {
    let (settings, names) = (setting_names(), Vec::from_iter(names));
    names.iter().filter_map(|name| slip(name, &names, source, &settings)).collect()
}

/// The name of every setting, as an environment variable.
fn setting_names() -> Vec<String> {
    let command = ServeArgs::augment_args(Command::new("waxseal"));
    let names = command.get_arguments().filter_map(|argument| argument.get_env()?.to_str());
    names.map(str::to_owned).collect()
}

fn slip(
    name: &str,
    names: &[&str],
    source: NameSource,
    settings: &[String],
) -> Option<SettingWarning> {
    if settings.iter().any(|setting| setting == name) {
        return None;
    }
    let upper = name.to_ascii_uppercase();
    let place = match source {
        NameSource::Environment => "",
        NameSource::EnvFile => " in .env",
    };
    let warning = |problem| Some(SettingWarning::new(format!("{name}{place}"), problem));
    if let Some(meant) =
        upper.strip_prefix(PREFIX).filter(|rest| settings.iter().any(|s| s == rest))
    {
        return warning(format!("{IGNORED}: settings have no prefix, did you mean {meant}?"));
    }
    if let Some((_, meant)) = OTHER_NAMES.iter().find(|(other, _)| *other == upper) {
        let is_theirs = source == NameSource::Environment && names.contains(meant);
        return if is_theirs { None } else { warning(format!("{IGNORED}: did you mean {meant}?")) };
    }
    let similarity = |setting: &String| strsim::normalized_damerau_levenshtein(&upper, setting);
    let meant = settings.iter().max_by(|a, b| similarity(a).total_cmp(&similarity(b)))?;
    let is_ours = match source {
        NameSource::Environment => upper.starts_with("SESSION_") && !is_of_others(&upper),
        NameSource::EnvFile => begins_like_a_setting(&upper, settings),
    };
    // The shorter a name, the likelier it is a different one: LISTEN may be one letter off, the longest three.
    let is_near = strsim::osa_distance(&upper, meant) <= (meant.len() / 5).min(3);
    // What is reported for its prefix may be further off.
    let is_like = is_near || similarity(meant) >= 0.7;
    let problem = match (is_near || is_ours, is_like) {
        (false, _) => return None,
        (true, true) => format!("{IGNORED}: did you mean {meant}?"),
        (true, false) => format!("{IGNORED} (waxseal --help lists the settings)"),
    };
    warning(problem)
}

fn is_of_others(name: &str) -> bool {
    OF_OTHERS.iter().any(|start| name.starts_with(start))
}

/// Whether a name begins with the first word of a setting: `SESSION_…`, `PUBLIC_…`.
fn begins_like_a_setting(name: &str, settings: &[String]) -> bool {
    let first_word = |name: &str| name.find('_').map(|end| name[..=end].to_owned());
    let Some(start) = first_word(name).filter(|start| start != RUST) else { return false };
    settings.iter().any(|setting| first_word(setting).as_ref() == Some(&start))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(name: &str, source: NameSource) -> Option<String> {
        slips([name], source).first().map(ToString::to_string)
    }

    #[test]
    fn a_name_near_a_setting_is_told_with_the_setting() {
        for (name, meant) in [
            ("SESSION_IDLETIMEOUT", "SESSION_IDLE_TIMEOUT"),
            ("SESSION_SECRETS", "SESSION_SECRET"),
            ("SESSION_SECERT", "SESSION_SECRET"),
            ("SESSION_TIMEOUT", "SESSION_IDLE_TIMEOUT"),
            ("SESSION_LIFE_TIME", "SESSION_LIFETIME"),
            ("SESSION_COOKIE", "SESSION_COOKIE_NAME"),
            ("DATABASE_URI", "DATABASE_URL"),
            ("DATABASE_URL_FIEL", "DATABASE_URL_FILE"),
            ("TRUSTED_PROXY", "TRUSTED_PROXIES"),
            ("PASSWORD_MINLENGTH", "PASSWORD_MIN_LENGTH"),
            ("METRIC_LISTEN", "METRICS_LISTEN"),
            ("PUBLIC_URI", "PUBLIC_URL"),
            ("LISTN", "LISTEN"),
            ("APPENV", "APP_ENV"),
            ("session_secret", "SESSION_SECRET"),
            ("Listen", "LISTEN"),
        ] {
            for (source, place) in
                [(NameSource::Environment, ""), (NameSource::EnvFile, " in .env")]
            {
                let expected = format!(
                    "{name}{place}: is not a setting, so it is ignored: did you mean {meant}?"
                );
                assert_eq!(told(name, source), Some(expected));
            }
        }
    }

    #[test]
    fn what_other_programs_call_a_setting_is_told_unless_that_is_given_too() {
        let expected = "SMTP_HOST: is not a setting, so it is ignored: did you mean SMTP_URL?";
        assert_eq!(told("SMTP_HOST", NameSource::Environment).unwrap(), expected);
        let both = slips(["SMTP_HOST", "SMTP_URL"], NameSource::Environment);
        assert_eq!(both, []);
        assert!(
            told("DB_URL", NameSource::EnvFile).unwrap().ends_with("did you mean DATABASE_URL?")
        );
        assert!(
            OTHER_NAMES.iter().all(|(_, meant)| setting_names().contains(&(*meant).to_owned()))
        );
    }

    #[test]
    fn a_setting_with_a_prefix_is_told() {
        for source in [NameSource::Environment, NameSource::EnvFile] {
            let told = told("WAXSEAL_LISTEN", source).unwrap();
            assert!(told.ends_with("settings have no prefix, did you mean LISTEN?"), "{told}");
        }
        assert_eq!(told("WAXSEAL_REQUIRE_NODE", NameSource::Environment), None);
    }

    #[test]
    fn what_begins_like_a_setting_and_is_near_none_is_told_too() {
        for name in ["SESSION_DRIVER", "SESSION_X"] {
            let told = told(name, NameSource::Environment).unwrap();
            assert!(
                told.ends_with("so it is ignored (waxseal --help lists the settings)"),
                "{told}"
            );
        }
        for name in ["SESSION_DRIVER", "DATABASE_HOST", "CLEANUP_MODE", "LOG_LEVEL"] {
            assert!(told(name, NameSource::EnvFile).is_some(), "{name}");
        }
    }

    #[test]
    fn settings_and_the_variables_of_others_are_not_told() {
        for name in setting_names() {
            assert_eq!(told(&name, NameSource::Environment), None);
            assert_eq!(told(&name, NameSource::EnvFile), None);
        }
        for name in [
            "SESSION_MANAGER",
            "SESSION_SERVICE_HOST",
            "SESSION_PORT_8080_TCP",
            "XDG_SESSION_ID",
            "DBUS_SESSION_BUS_ADDRESS",
            "DATABASE_HOST",
            "DATABASE_NAME",
            "DATABASE_PASSWORD",
            "DATABASE_USER",
            "LISTEN_FDS",
            "LISTEN_PID",
            "LISTEN_FDNAMES",
            "RUST_BACKTRACE",
            "RUST_LOG_STYLE",
            "LOGNAME",
            "LOG_LEVEL",
            "PUBLIC_IP",
            "APP_NAME",
            "PATH",
            "",
            "_",
        ] {
            assert_eq!(told(name, NameSource::Environment), None, "{name}");
        }
        for name in ["POSTGRES_PASSWORD", "RUST_BACKTRACE", "COMPOSE_FILE", "DOMAIN"] {
            assert_eq!(told(name, NameSource::EnvFile), None, "{name}");
        }
    }
}
