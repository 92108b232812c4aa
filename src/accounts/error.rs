//! The faults of accounts. What a person got wrong is not among them.

use waxseal_session::InvalidState;

use super::hashing::HashingError;
use crate::db::DatabaseError;

/// Something that is not the person's doing went wrong.
#[derive(Debug, thiserror::Error)]
pub enum AccountsError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// A password could not be hashed or compared.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// A session's state could not be written.
    #[error(transparent)]
    State(#[from] InvalidState),
}

impl AccountsError {
    /// Whether it may well be over in a moment.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Database(error) => !matches!(error, DatabaseError::Corrupt(_)),
            Self::Hashing(error) => matches!(error, HashingError::Overloaded),
            Self::State(_) => false,
        }
    }
}
