//! Why one mail was not sent.

/// Why one mail was not sent. The text may hold what the server said, the address among it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Trying again later may help.
    #[error("{0}")]
    Temporary(String),
    /// The server refuses this mail.
    #[error("{0}")]
    Permanent(String),
}
