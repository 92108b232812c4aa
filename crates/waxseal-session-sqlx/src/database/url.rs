//! Database URLs.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use sqlx::postgres::PgConnectOptions;
use sqlx_core::Url;

use super::{file::privacy_warning, open_error::OpenError};

/// A database URL: `sqlite://FILE` (relative to the working directory), `sqlite:///ABSOLUTE/FILE` or
/// `postgres://USER:PASSWORD@HOST:PORT/NAME`. `Debug` hides the password.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A SQLite file, for one node.
    Sqlite(PathBuf),
    /// A PostgreSQL server, for any number of nodes: the whole URL, including the password.
    Postgres(String),
}

impl DatabaseUrl {
    /// The SQLite file, if it does not exist yet and opening the database would create it.
    pub fn missing_file(&self) -> Option<&Path> {
        match self {
            Self::Sqlite(path) => matches!(path.try_exists(), Ok(false)).then_some(path),
            Self::Postgres(_) => None,
        }
    }

    /// A warning if users other than its owner and group can read a SQLite file.
    pub fn privacy_warning(&self) -> Option<String> {
        match self {
            Self::Sqlite(path) => privacy_warning(path),
            Self::Postgres(_) => None,
        }
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            return postgres_options(url).map(|_| Self::Postgres(url.to_owned()));
        }
        let rest = url.strip_prefix("sqlite:").ok_or(InvalidDatabaseUrl::Scheme)?;
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path.starts_with(':') || path.contains(['?', '#', '%', '\0']) {
            return Err(InvalidDatabaseUrl::Sqlite);
        }
        Ok(Self::Sqlite(path.into()))
    }
}

/// What a PostgreSQL URL says. sqlx skips parameters that it doesn't know, with which `sslmod=verify-full`
/// would connect without TLS; here they are refused.
pub(super) fn postgres_options(text: &str) -> Result<PgConnectOptions, InvalidDatabaseUrl> {
    if has_unescaped(text) {
        return Err(InvalidDatabaseUrl::Unescaped);
    }
    // Several hosts with ports are not even a URL.
    let address = text.split_once('?').map_or(text, |(address, _)| address);
    let hosts = address.rsplit_once('@').map_or(address, |(_, hosts)| hosts);
    if hosts.contains(',') {
        return Err(InvalidDatabaseUrl::SeveralHosts);
    }
    let url = Url::parse(text).map_err(|_| InvalidDatabaseUrl::Postgres)?;
    for (name, value) in url.query_pairs() {
        check_parameter(&name, &value)?;
    }
    let options: PgConnectOptions = text.parse().map_err(|_| InvalidDatabaseUrl::Postgres)?;
    // Of an IPv6 address, sqlx keeps the brackets, and then looks for a host of that name.
    let address = options.get_host().strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    Ok(match address.map(str::to_owned) {
        Some(address) => options.host(&address),
        None => options,
    })
}

/// Whether a character of the password ends it too early. What follows would be taken for the host, and be
/// shown as such.
fn has_unescaped(text: &str) -> bool {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let (authority, after) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (path, query) = after.split_once('?').unwrap_or((after, ""));
    // Only with a password can the query be a part of it: `?user=me@realm` is a parameter.
    let in_query = !authority.contains('@')
        && authority.contains(':')
        && path.is_empty()
        && query.contains('@');
    authority.matches('@').count() > 1 || path.contains('@') || text.contains('#') || in_query
}

/// Checks that the file with the server's CA can be read. sqlx's error doesn't name it.
pub(super) fn check_root_certificate(text: &str) -> Result<(), OpenError> {
    let Ok(url) = Url::parse(text) else { return Ok(()) };
    for (name, value) in url.query_pairs() {
        let is_file = !value.starts_with("-----BEGIN");
        if is_file && ["sslrootcert", "ssl-root-cert", "ssl-ca"].contains(&&*name) {
            let opened = std::fs::File::open(&*value);
            opened.map_err(|error| OpenError::RootCertificate(value.as_ref().into(), error))?;
        }
    }
    Ok(())
}

fn check_parameter(name: &str, value: &str) -> Result<(), InvalidDatabaseUrl> {
    let allowed = |values: &'static [&'static str]| match values.contains(&value) {
        true => Ok(()),
        false => Err(InvalidDatabaseUrl::Value(name.to_owned(), value.to_owned(), values)),
    };
    match name {
        "sslmode" | "ssl-mode" => {
            allowed(&["disable", "allow", "prefer", "require", "verify-ca", "verify-full"])
        }
        "host" | "hostaddr" if value.contains(',') => Err(InvalidDatabaseUrl::SeveralHosts),
        // What is looked for in any case: a server that takes writes.
        "target_session_attrs" => allowed(&["any", "read-write", "primary"]),
        "channel_binding" | "gssencmode" => allowed(&["disable", "prefer"]),
        _ if PARAMETERS.contains(&name) || name.starts_with("options[") => Ok(()),
        _ => Err(InvalidDatabaseUrl::Parameter(name.to_owned())),
    }
}

/// The parameters that sqlx knows, and those of libpq without which things work as well.
const PARAMETERS: &[&str] = &[
    "sslrootcert",
    "ssl-root-cert",
    "ssl-ca",
    "sslcert",
    "ssl-cert",
    "sslkey",
    "ssl-key",
    "statement-cache-capacity",
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "application_name",
    "options",
    "fallback_application_name",
    "connect_timeout",
    "keepalives",
    "keepalives_idle",
    "keepalives_interval",
    "keepalives_count",
    "tcp_user_timeout",
];

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

/// Why a database URL is invalid. The messages don't repeat the URL, which may hold a password.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// Neither a SQLite nor a PostgreSQL URL.
    #[error("it must read sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/NAME")]
    Scheme,
    /// The path is empty or has a character that has a meaning in SQLite's URLs.
    #[error("it must read sqlite://FILE, without ?, # and %")]
    Sqlite,
    /// A PostgreSQL URL that can't be parsed.
    #[error(
        "it must read postgres://USER:PASSWORD@HOST:PORT/NAME, with special characters percent-encoded"
    )]
    Postgres,
    /// A special character in the password is not percent-encoded.
    #[error(
        "a special character is not percent-encoded: in the password, @ is %40, / is %2F, # is %23, ? is %3F"
    )]
    Unescaped,
    /// The URL names several hosts.
    #[error(
        "it names several hosts, and waxseal connects to one: use a name or address that leads to the primary"
    )]
    SeveralHosts,
    /// A parameter that has no effect.
    #[error("its parameter {0:?} is unknown")]
    Parameter(String),
    /// A parameter has a value that is not supported: its name, the value, and those that are.
    #[error("{0} is {1:?}, but must be one of {list}", list = .2.join(", "))]
    Value(String, String, &'static [&'static str]),
}

#[cfg(test)]
mod tests {
    use super::*;

    const BASE: &str = "postgres://waxseal:hunter2@db.example.com:5432/waxseal";

    #[test]
    fn an_ipv6_address_is_a_host_without_its_brackets() {
        for (url, host) in [
            ("postgres://waxseal@[::1]:5433/waxseal", "::1"),
            ("postgres://waxseal@[2001:db8::7]/waxseal", "2001:db8::7"),
            ("postgres:///waxseal?host=::1", "::1"),
            ("postgres:///waxseal?hostaddr=::1", "::1"),
            (BASE, "db.example.com"),
        ] {
            assert_eq!(postgres_options(url).unwrap().get_host(), host, "{url}");
        }
        let options = postgres_options("postgres://waxseal@[::1]:5433/waxseal").unwrap();
        assert_eq!((options.get_port(), options.get_database()), (5433, Some("waxseal")));
    }

    #[test]
    fn what_would_have_no_effect_is_refused_by_its_name() {
        for (parameter, refusal) in [
            ("sslmode=verify_full", "sslmode is \"verify_full\", but must be one of disable,"),
            ("sslmod=verify-full", "its parameter \"sslmod\" is unknown"),
            ("SSLMODE=require", "its parameter \"SSLMODE\" is unknown"),
            ("sslmode=require&channel_binding=require", "channel_binding is \"require\""),
            ("target_session_attrs=standby", "target_session_attrs is \"standby\""),
            ("host=a,b", "several hosts"),
            ("host=a%2Cb", "several hosts"),
            ("sslmode=verify%5Ffull", "sslmode is \"verify_full\""),
        ] {
            let error = postgres_options(&format!("{BASE}?{parameter}")).unwrap_err().to_string();
            assert!(error.contains(refusal), "{error}");
        }
        for url in ["postgres://me@a,b/x", "postgres://me@a:1,b:2/x", "postgresql://a,b"] {
            assert_eq!(postgres_options(url).unwrap_err(), InvalidDatabaseUrl::SeveralHosts);
        }
    }

    #[test]
    fn a_password_with_unescaped_characters_is_refused_and_not_shown() {
        for url in [
            "postgres://waxseal:hunter2@secretpart/xyz@db/waxseal",
            "postgres://waxseal:hunter2@secretpart@db/waxseal",
            "postgres://waxseal:secret/part@db/waxseal",
            "postgres://waxseal:12/secretpart@db/waxseal",
            "postgres://waxseal:12?secretpart@db/waxseal",
            "postgres://waxseal:12#secretpart@db/waxseal",
        ] {
            assert_eq!(postgres_options(url).unwrap_err(), InvalidDatabaseUrl::Unescaped, "{url}");
        }
        for url in ["postgres:///x?user=me@realm", "postgres://me:a%40b%2Fc%23d%3Fe@db/x"] {
            postgres_options(url).unwrap();
        }
    }

    #[test]
    fn usual_parameters_are_taken() {
        for parameters in [
            "sslmode=verify-full&sslrootcert=/etc/ca.pem",
            "target_session_attrs=read-write&connect_timeout=5",
            "options[search_path]=a&options%5Bwork_mem%5D=1MB",
            "options=-c%20statement_timeout%3D1s&application_name=log-in",
        ] {
            postgres_options(&format!("{BASE}?{parameters}")).unwrap();
        }
        postgres_options("postgres://me:a,b@db/x").unwrap();
    }
}
