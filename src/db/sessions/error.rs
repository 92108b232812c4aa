//! What can go wrong in the database. The client is told to try again later; the cause goes to the
//! log.

use std::path::PathBuf;

/// The database could not be reached, or did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// A query failed, or no connection was free in time.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// It took too long, or other writers did.
    #[error("the database is busy")]
    Busy,
    /// It did not answer when the feed last asked, so no request waits for it.
    #[error("the database is out of reach")]
    OutOfReach,
    /// At the start, it did not answer in time.
    #[error("the database does not answer")]
    NoAnswer,
    /// The work was cut off by a panic, or by the end of the process.
    #[error("work on the database was cut off")]
    CutOff(#[from] tokio::task::JoinError),
    /// The schema could not be brought up to date.
    #[error("the database's migrations failed")]
    Migration(#[from] sqlx::migrate::MigrateError),
    /// The database's file could not be created.
    #[error("the database's file {0} can't be created")]
    File(PathBuf, #[source] std::io::Error),
    /// A row holds what this program never wrote.
    #[error("a row holds an unreadable {0}")]
    Corrupt(&'static str),
}
