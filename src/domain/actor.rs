//! The actor of a change, for the audit log.

use std::fmt;

use super::user::UserId;
use crate::audit::By;

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
    /// A setting, at the start of the server.
    Setting,
}

impl Actor {
    /// The actor of an act on `user`, for the log.
    pub fn acting_on(&self, user: UserId) -> By<'_> {
        match self {
            Self::Person { user_id, from } if *user_id == user => {
                By { text: format!("from {from}"), ..self.in_log() }
            }
            _ => self.in_log(),
        }
    }

    /// The actor of an act that is no one's own, for the log.
    pub fn in_log(&self) -> By<'_> {
        let (actor, address) = match self {
            Self::Person { user_id, from } => (user_id.to_string(), from.as_str()),
            Self::CommandLine | Self::Setting => (self.to_string(), ""),
        };
        By { text: format!("by {self}"), actor, address }
    }
}

/// The text after "by" in the log.
impl fmt::Display for Actor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { user_id, from } => write!(f, "user {user_id}, from {from}"),
            Self::CommandLine => f.write_str("command line"),
            Self::Setting => f.write_str("setting"),
        }
    }
}
