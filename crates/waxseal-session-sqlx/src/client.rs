//! The browser that opens a session or tries a password.

use sqlx::{Row, any::AnyRow};

use crate::database::DatabaseError;

/// Where a request comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The client's IP address.
    pub address: String,
    /// The `User-Agent` that it sends.
    pub user_agent: String,
}

impl Client {
    /// Reads the columns `address` and `user_agent`; NULL is empty.
    ///
    /// # Errors
    ///
    /// If the row has no such columns of text.
    pub fn from_row(row: &AnyRow) -> Result<Self, DatabaseError> {
        let text = |column| Ok::<_, DatabaseError>(row.try_get::<Option<String>, _>(column)?);
        Ok(Self {
            address: text("address")?.unwrap_or_default(),
            user_agent: text("user_agent")?.unwrap_or_default(),
        })
    }
}
