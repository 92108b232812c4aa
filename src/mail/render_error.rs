//! Why a mail could not be written.

use crate::db::DatabaseError;

/// Why a mail could not be written.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The database failed.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The template can't be rendered.
    #[error("the template can't be rendered")]
    Template(#[from] askama::Error),
    /// The link can't be sealed.
    #[error("the link can't be sealed")]
    Link(#[from] serde_json::Error),
    /// The message can't be built.
    #[error("the message can't be built")]
    Message(#[from] lettre::error::Error),
    /// No mail server takes the address.
    #[error("the address can't be used for mail")]
    Address,
    /// The outbox holds what only a later version knows.
    #[error("this version of waxseal does not know what the mail says")]
    Unknown,
}
