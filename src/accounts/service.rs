//! What everything about accounts works with.

use waxseal_session::{Clock, ExpiryPolicy, SessionRecord};

use super::{
    error::AccountsError, hashing::Hashing, identity::Identity, password_policy::PasswordPolicy,
};
use crate::{
    db::{AccountStore, Health},
    domain::{Email, Password, PasswordRejected, Role, User, UserId},
};

/// The accounts: sign-up, log-in, and who is who.
pub struct Accounts {
    /// Where users and their sessions are kept.
    pub store: AccountStore,
    /// How passwords are hashed.
    pub hashing: Hashing,
    /// What new passwords have to be.
    pub policy: PasswordPolicy,
    /// How long sessions live.
    pub expiry_policy: ExpiryPolicy,
    /// Where the time comes from.
    pub clock: Clock,
}

impl Accounts {
    /// Whether this node can do its work.
    pub fn health(&self) -> Health {
        self.store.sessions().health()
    }

    /// The user with this id.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, AccountsError> {
        Ok(self.store.user(id).await?)
    }

    /// Checks a new password, off the async threads.
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
        Ok(SessionRecord::new(&self.expiry_policy, self.clock.now(), state))
    }
}
