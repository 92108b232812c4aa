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
}

impl From<UserSummary> for UserItem {
    fn from(UserSummary { user, sessions }: UserSummary) -> Self {
        Self {
            user_id: user.id.to_string(),
            email: Address(user.email),
            role: user.role,
            created_at: Rfc3339(user.created_at),
            live_sessions: sessions,
        }
    }
}

impl Item<5> for UserItem {
    const HEADINGS: [&'static str; 5] = ["EMAIL", "ROLE", "SESSIONS", "CREATED", "ID"];

    fn cells(&self) -> [String; 5] {
        [
            self.email.to_string(),
            self.role.to_string(),
            self.live_sessions.to_string(),
            minute(self.created_at.0),
            self.user_id.clone(),
        ]
    }
}
