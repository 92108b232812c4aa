//! The actor of a change, for the audit log.

use std::fmt;

use super::user::UserId;

/// Who changes an account or ends a session. An administrator is a person who acts on another user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in user.
    Person {
        /// The user.
        user_id: UserId,
        /// The client's IP address.
        from: String,
    },
    /// The command line.
    CommandLine,
}

impl Actor {
    /// The actor of an act on `user`, for the log: `from {address}` if it is that user, otherwise
    /// `by {actor}`.
    pub fn acting_on(&self, user: UserId) -> String {
        match self {
            Self::Person { user_id, from } if *user_id == user => format!("from {from}"),
            other => format!("by {other}"),
        }
    }
}

/// The text after "by" in the log.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { user_id, from } => write!(f, "user {user_id}, from {from}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}
