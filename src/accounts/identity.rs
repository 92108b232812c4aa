//! The user in a session's state.

use actix_session::Session;
use serde_json::json;
use waxseal_session::{InvalidState, State};

use crate::domain::{Role, UserId};

/// A session's user and role: all that the state holds of a user, and no personal data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// The user's id.
    pub user_id: UserId,
    /// The user's role when the session was opened.
    pub role: Role,
}

impl Identity {
    const ROLE: &str = "role";

    /// Reads a session; `None` if no user is logged in.
    pub fn of(session: &Session) -> Option<Self> {
        let user_id: String = session.get(State::USER_ID).ok()??;
        let role: String = session.get(Self::ROLE).ok()??;
        Some(Self { user_id: user_id.parse().ok()?, role: role.parse().ok()? })
    }

    /// The state of a new session of this user.
    pub(super) fn state(&self) -> Result<State, InvalidState> {
        let user_id = self.user_id.to_string();
        State::from_value(&json!({ State::USER_ID: user_id, Self::ROLE: self.role.as_str() }))
    }
}
