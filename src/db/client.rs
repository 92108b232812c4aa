//! From where a session was opened, or an attempt made.

use sqlx::{Row, any::AnyRow};

use super::error::DatabaseError;

/// From where somebody logs in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Client {
    /// The client's address.
    pub address: String,
    /// What its browser calls itself.
    pub user_agent: String,
}

impl Client {
    pub(super) fn read(row: &AnyRow) -> Result<Self, DatabaseError> {
        let text = |column| Ok::<_, DatabaseError>(row.try_get::<Option<String>, _>(column)?);
        Ok(Self {
            address: text("address")?.unwrap_or_default(),
            user_agent: text("user_agent")?.unwrap_or_default(),
        })
    }
}
