//! Which database: what `DATABASE_URL` says.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use sqlx::postgres::PgConnectOptions;

/// Where the database is: `sqlite://FILE`, relative to the working directory, or
/// `sqlite:///ABSOLUTE/FILE`; or `postgres://USER:PASSWORD@HOST:PORT/NAME`.
#[derive(Clone, PartialEq, Eq)]
pub enum DatabaseUrl {
    /// A file: for one node.
    Sqlite(PathBuf),
    /// A server: for any number of nodes. The whole URL, password and all.
    Postgres(String),
}

impl DatabaseUrl {
    /// The file that is not there yet, so that opening the database would create it.
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

/// Shows no password.
impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(path) => write!(f, "sqlite://{}", path.display()),
            Self::Postgres(_) => f.write_str("postgres://…"),
        }
    }
}

/// Not the URL of a database that waxseal can use. (What was given is not repeated: a URL may
/// hold a password.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidDatabaseUrl {
    /// Of another kind.
    #[error("it must read sqlite://FILE or postgres://USER:PASSWORD@HOST:PORT/NAME")]
    Scheme,
    /// No path that SQLite takes as it stands.
    #[error("it must read sqlite://FILE, without ?, # and %")]
    Sqlite,
    /// A part of it can't be read.
    #[error(
        "it must read postgres://USER:PASSWORD@HOST:PORT/NAME, what is special in it percent-encoded"
    )]
    Postgres,
}
