//! Database errors.

use std::{io, path::PathBuf};

use super::url::InvalidDatabaseUrl;

/// The database could not be reached, or an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A query failed, or no connection was free in time.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The operation took too long, or the write lock was not free in time.
    #[error("the database is busy")]
    Busy,
    /// The database did not answer the latest poll, so requests don't wait for it.
    #[error("the database is unreachable")]
    Unreachable,
    /// The database did not answer in time at startup.
    #[error("the database does not answer")]
    NoAnswer,
    /// A panic or a shutdown interrupted the operation.
    #[error("an operation on the database was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
    /// A migration failed.
    #[error("a database migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database file could not be created.
    #[error("can't create the database file {0}")]
    File(PathBuf, #[source] io::Error),
    /// A row holds an invalid value.
    #[error("a row holds an invalid {0}")]
    Corrupt(&'static str),
    /// The URL of the database is invalid.
    #[error(transparent)]
    Url(#[from] InvalidDatabaseUrl),
}

impl DatabaseError {
    /// Whether other transactions held locks that this one needed: to try again can help. PostgreSQL's
    /// SQLSTATE 40P01 (deadlock detected) or 55P03 (lock not available).
    pub(crate) fn is_lock_conflict(&self) -> bool {
        let Self::Database(error) = self else { return false };
        let code = error.as_database_error().and_then(|error| error.code());
        matches!(code.as_deref(), Some("40P01" | "55P03"))
    }
}

impl From<DatabaseError> for io::Error {
    fn from(error: DatabaseError) -> Self {
        Self::other(error)
    }
}
