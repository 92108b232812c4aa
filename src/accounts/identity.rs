//! What a session's state says of its person.

use actix_session::Session;
use serde_json::json;
use waxseal_session::{InvalidState, State};

use crate::domain::{Role, UserId};

/// Who a session's person is and what they may do; nothing personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Who it is.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
}

impl Identity {
    const ROLE: &str = "role";

    /// What a session says; `None` where it has no person.
    pub fn of(session: &Session) -> Option<Self> {
        let user_id: String = session.get(State::USER_ID).ok()??;
        let role: String = session.get(Self::ROLE).ok()??;
        Some(Self { user_id: user_id.parse().ok()?, role: role.parse().ok()? })
    }

    /// The state of a new session of this person.
    pub(super) fn state(&self) -> Result<State, InvalidState> {
        let user_id = self.user_id.to_string();
        State::from_value(&json!({ State::USER_ID: user_id, Self::ROLE: self.role.as_str() }))
    }
}
