//! Errors of the database.

use std::{io, path::PathBuf};

use super::url::InvalidDatabaseUrl;

/// The database could not be reached, or an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A query failed, or no connection was free in time.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The operation took too long, or other writers did.
    #[error("the database is busy")]
    Busy,
    /// It did not answer the latest poll, so no request waits for it.
    #[error("the database is unreachable")]
    Unreachable,
    /// It did not answer in time at the start.
    #[error("the database does not answer")]
    NoAnswer,
    /// A panic or the end of the process interrupted the operation.
    #[error("an operation on the database was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
    /// A migration failed.
    #[error("the database's migrations failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database's file could not be created.
    #[error("the database's file {0} can't be created")]
    File(PathBuf, #[source] io::Error),
    /// A row holds an invalid value.
    #[error("a row holds an invalid {0}")]
    Corrupt(&'static str),
    /// The URL of the database is invalid.
    #[error(transparent)]
    Url(#[from] InvalidDatabaseUrl),
}

impl From<DatabaseError> for io::Error {
    fn from(error: DatabaseError) -> Self {
        Self::other(error)
    }
}
