//! Failures of account operations. Users' mistakes are outcomes, not errors.

use waxseal_session::{InvalidState, StoreError};

use super::hashing::HashingError;
use crate::db::DatabaseError;

/// An account operation failed through no fault of the user.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A session could not be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A password could not be hashed or verified.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The state of the new session is invalid.
    #[error(transparent)]
    State(#[from] InvalidState),
}

impl AccountsError {
    /// Whether trying again soon may succeed.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Database(error) => !matches!(error, DatabaseError::Corrupt(_)),
            Self::Store(_) => true,
            Self::Hashing(error) => matches!(error, HashingError::Overloaded),
            Self::State(_) => false,
        }
    }
}
