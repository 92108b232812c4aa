//! Database errors.

use std::io;

use super::{
    codes::{FULL, IOERR, READONLY, code_of, sqlite_code_of},
    file::FileGone,
    open_error::OpenError,
    url::InvalidDatabaseUrl,
};

/// The database could not be reached, or an operation failed.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A query failed, or no connection was free in time.
    #[error("{}", describe(.0))]
    Database(#[from] sqlx::Error),
    /// The operation took too long, or the write lock was not free in time.
    #[error("the database is busy")]
    Busy,
    /// The database did not confirm a commit in time. It may take effect all the same.
    #[error("the database did not confirm the commit in time: the change may take effect")]
    Unconfirmed,
    /// The database did not answer the latest poll, so requests don't wait for it.
    #[error("the database is unreachable")]
    Unreachable,
    /// The server or the disk is read-only, or the disk is full.
    #[error("the database can't be written to")]
    ReadOnly,
    /// What was written, or was to be written, is not in the file that others see.
    #[error(transparent)]
    FileGone(#[from] FileGone),
    /// A panic or a shutdown interrupted the operation.
    #[error("an operation on the database was interrupted")]
    Interrupted(#[from] tokio::task::JoinError),
    /// The database can't be opened or migrated.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// A migration failed.
    #[error("a database migration failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
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
        matches!(code_of(error).as_deref(), Some("40P01" | "55P03"))
    }

    /// Whether the database can be read but not written: PostgreSQL's SQLSTATE 25006 (read-only
    /// transaction), SQLite's READONLY, IOERR or FULL.
    pub(super) fn is_read_only(&self) -> bool {
        let Self::Database(error) = self else { return false };
        match sqlite_code_of(error) {
            Some(code) => matches!(code, READONLY | IOERR | FULL),
            None => code_of(error).as_deref() == Some("25006"),
        }
    }
}

/// A pool that times out has one message for a server that is down and for connections that are all in use.
fn describe(error: &sqlx::Error) -> &'static str {
    match error {
        sqlx::Error::PoolTimedOut => {
            "the database gave no connection in time: it may be down, or all connections are in use"
        }
        _ => "the database failed",
    }
}

impl From<DatabaseError> for io::Error {
    fn from(error: DatabaseError) -> Self {
        Self::other(error)
    }
}
