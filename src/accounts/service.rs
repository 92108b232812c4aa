//! What everything about accounts works with.

use std::sync::Arc;

use super::{
    email::Email,
    error::AccountsError,
    hashing::Hashing,
    password::{Password, PasswordPolicy, PasswordRejected},
    user::{Identity, Role, User, UserId},
};
use crate::{
    clock::Clock,
    db::{Database, Health, SqlSessionStore},
    session::{Lifetimes, SessionRecord},
};

/// The accounts: sign-up, log-in, and who is who.
pub struct Accounts {
    /// Where users are kept.
    pub storage: Database,
    /// Where sessions are kept.
    pub sessions: Arc<SqlSessionStore>,
    /// How passwords are hashed.
    pub hashing: Hashing,
    /// What new passwords have to be.
    pub policy: PasswordPolicy,
    /// How long sessions live.
    pub lifetimes: Lifetimes,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Accounts {
    /// Whether this node can do its work.
    pub fn health(&self) -> Health {
        self.sessions.health()
    }

    /// The user with this id.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, AccountsError> {
        self.storage.user_by_id(&id.to_string()).await?.map(User::try_from).transpose()
    }

    /// Judges a new password, off the async threads.
    pub(super) async fn validate(
        &self,
        password: &Password,
        email: &Email,
    ) -> Result<Result<(), PasswordRejected>, AccountsError> {
        let (policy, password, email) = (self.policy, password.clone(), email.clone());
        Ok(self.hashing.run(move || policy.validate(&password, &email)).await?)
    }

    /// A new session of this person, as it will be opened.
    pub(super) fn new_session(
        &self,
        user_id: UserId,
        role: Role,
    ) -> Result<SessionRecord, AccountsError> {
        let state = Identity { user_id, role }.state()?;
        Ok(SessionRecord::open(&self.lifetimes, self.clock.now(), state))
    }
}
