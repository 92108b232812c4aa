//! What can go wrong.

use std::{io, time::Duration};

use waxseal_session::Timestamp;

/// Redis could not be reached, or failed.
#[derive(Debug, thiserror::Error)]
pub enum RedisStoreError {
    /// Redis answered with an error, or the connection broke.
    #[error("Redis failed")]
    Redis(#[from] redis::RedisError),
    /// Redis did not answer in time. Whether it did what it was asked to is unknown.
    #[error("Redis did not answer within {0:?}")]
    Timeout(Duration),
    /// Redis has lost data. The store will notice within a second and begin again.
    #[error("Redis has lost data")]
    DataLost,
    /// A session that begins before the epoch. For two seconds after Redis has lost data, no session can begin.
    #[error("Redis has lost data: sessions that begin before {0} are refused")]
    BeforeEpoch(Timestamp),
    /// The runtime on which the store was connected has stopped.
    #[error("the runtime of the connections to Redis has stopped")]
    RuntimeStopped,
    /// Someone else has written to a key of the store.
    #[error("not what this store has written: {0}")]
    Corrupt(&'static str),
    /// A prefix that is empty or contains a brace.
    #[error("a prefix must not be empty or contain a brace: {0:?}")]
    InvalidPrefix(String),
}

impl From<RedisStoreError> for io::Error {
    fn from(error: RedisStoreError) -> Self {
        Self::other(error)
    }
}
