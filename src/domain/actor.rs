//! Who does something to an account.

use std::fmt;

use super::user::UserId;

/// Who changes an account or ends a session: for the log. An administrator is a person who acts on
/// someone else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person who is logged in.
    Person {
        /// Who it is.
        user_id: UserId,
        /// The client's address.
        from: String,
    },
    /// Someone who may use the command line.
    CommandLine,
}

impl Actor {
    /// As it stands in the log of an act on this user: `from {address}` where it is the user, else
    /// `by {actor}`.
    pub fn acting_on(&self, user: UserId) -> String {
        match self {
            Self::Person { user_id, from } if *user_id == user => format!("from {from}"),
            other => format!("by {other}"),
        }
    }
}

/// As it stands in the log, after "by".
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { user_id, from } => write!(f, "user {user_id}, from {from}"),
            Self::CommandLine => f.write_str("command line"),
        }
    }
}
