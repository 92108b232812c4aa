//! A user, as commands print it.

use serde::Serialize;

use crate::{
    accounts::{Role, UserSummary},
    cli::output::{Address, Item, Rfc3339, minute},
};

/// A user as commands print it.
#[derive(Serialize)]
pub(super) struct UserItem {
    user_id: String,
    email: Address,
    role: Role,
    created_at: Rfc3339,
    live_sessions: i64,
    disabled: bool,
    email_confirmed: bool,
}

impl From<UserSummary> for UserItem {
    fn from(UserSummary { user, sessions }: UserSummary) -> Self {
        Self {
            user_id: user.id.to_string(),
            email: Address(user.email),
            role: user.role,
            created_at: Rfc3339(user.created_at),
            live_sessions: sessions,
            disabled: user.disabled_at.is_some(),
            email_confirmed: user.email_confirmed_at.is_some(),
        }
    }
}

impl UserItem {
    /// What keeps the user from logging in, or may.
    fn state(&self) -> &'static str {
        match (self.disabled, self.email_confirmed) {
            (true, _) => "disabled",
            (false, false) => "unconfirmed",
            (false, true) => "active",
        }
    }
}

impl Item<6> for UserItem {
    const HEADINGS: [&'static str; 6] = ["EMAIL", "ROLE", "STATE", "SESSIONS", "CREATED", "ID"];

    fn cells(&self) -> [String; 6] {
        [
            self.email.to_string(),
            self.role.to_string(),
            self.state().to_owned(),
            self.live_sessions.to_string(),
            minute(self.created_at.0),
            self.user_id.clone(),
        ]
    }
}
