//! Database URLs.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use sqlx::postgres::PgConnectOptions;

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
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        if url.starts_with("postgres:") || url.starts_with("postgresql:") {
            let readable = url.parse::<PgConnectOptions>().is_ok();
            return readable
                .then(|| Self::Postgres(url.to_owned()))
                .ok_or(InvalidDatabaseUrl::Postgres);
        }
        let rest = url.strip_prefix("sqlite:").ok_or(InvalidDatabaseUrl::Scheme)?;
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path.starts_with(':') || path.contains(['?', '#', '%', '\0']) {
            return Err(InvalidDatabaseUrl::Sqlite);
        }
        Ok(Self::Sqlite(path.into()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

/// Why a database URL is invalid. The messages don't repeat the URL, which may hold a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
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
}
