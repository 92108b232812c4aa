//! The client that opened a session.

use sqlx::{Row, any::AnyRow};

use crate::database::DatabaseError;

/// The client of a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The client's IP address.
    pub address: String,
    /// The client's `User-Agent` header.
    pub user_agent: String,
}

impl Client {
    /// Reads the columns `address` and `user_agent`. NULL becomes an empty string.
    ///
    /// # Errors
    ///
    /// If the row lacks these columns, or they are not text.
    pub fn from_row(row: &AnyRow) -> Result<Self, DatabaseError> {
        let text = |column| Ok::<_, DatabaseError>(row.try_get::<Option<String>, _>(column)?);
        Ok(Self {
            address: text("address")?.unwrap_or_default(),
            user_agent: text("user_agent")?.unwrap_or_default(),
        })
    }
}
