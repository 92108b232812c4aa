//! A user.

use std::{fmt, str::FromStr};

use actix_session::Session;
use serde::{Serialize, Serializer};
use serde_json::json;
use uuid::Uuid;

use super::{email::Email, error::AccountsError};
use crate::{
    clock::Timestamp,
    db::{DatabaseError, UserRow},
    session::{InvalidState, State},
};

/// A user's id: random, so that ids say nothing of how many users there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UserId(Uuid);

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Has an account.
    User,
    /// Sees and manages the accounts of others.
    Admin,
}

/// What a session's state says of its person: who it is, what they may do, nothing personal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity {
    /// Who it is.
    pub user_id: UserId,
    /// What they may do.
    pub role: Role,
}

/// A person with an account.
#[derive(Debug, Clone)]
pub struct User {
    /// The user's id.
    pub id: UserId,
    /// The e-mail address.
    pub email: Email,
    /// What the user may do.
    pub role: Role,
    /// When the user signed up.
    pub created_at: Timestamp,
}

impl UserId {
    /// A new id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
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

impl fmt::Display for UserId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for UserId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}

impl Role {
    /// Every role there is.
    pub const ALL: [Self; 2] = [Self::User, Self::Admin];

    /// The role's name, as it stands in rows and in the session's state.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Admin => "admin",
        }
    }
}

impl Serialize for Role {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(name: &str) -> Result<Self, UnknownRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == name).ok_or(UnknownRole)
    }
}

/// Not the name of a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("there is no such role")]
pub struct UnknownRole;

impl TryFrom<UserRow> for User {
    type Error = AccountsError;

    fn try_from(row: UserRow) -> Result<Self, AccountsError> {
        Ok(Self {
            id: row.id.parse().map_err(|_| DatabaseError::Corrupt("user id"))?,
            email: row.email.parse().map_err(|_| DatabaseError::Corrupt("e-mail address"))?,
            role: row.role.parse().map_err(|_| DatabaseError::Corrupt("role"))?,
            created_at: row.created_at,
        })
    }
}
