//! The accounts service: what its operations share.

use std::time::Duration;

use waxseal_session::{Clock, ExpiryPolicy, SessionRecord};

use super::{
    error::AccountsError, hashing::Hashing, identity::Identity, password_policy::PasswordPolicy,
};
use crate::{
    db::{AccountStore, Health, LoginContext},
    domain::{Email, MailPolicy, Password, PasswordRejected, Role, SignUpPolicy, User, UserId},
};

/// The accounts service: sign-up, log-in, and the management of users and sessions.
pub struct Accounts {
    /// The database.
    pub store: AccountStore,
    /// The password hasher.
    pub hashing: Hashing,
    /// The requirements for new passwords.
    pub policy: PasswordPolicy,
    /// Who may sign up.
    pub sign_up: SignUpPolicy,
    /// Which mails are sent.
    pub mail: MailPolicy,
    /// The lifetimes of sessions.
    pub expiry_policy: ExpiryPolicy,
    /// How long after proving who they are people can do what is dangerous.
    pub step_up_after: Duration,
    /// The source of time.
    pub clock: Clock,
}

impl Accounts {
    /// The health of this node.
    pub fn health(&self) -> Health {
        self.store.sessions().health()
    }

    /// Finds a user by id.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, AccountsError> {
        Ok(self.store.user(id).await?)
    }

    /// Checks a new password against the policy, on a hashing thread.
    pub(super) async fn validate(
        &self,
        password: &Password,
        email: &Email,
    ) -> Result<Result<(), PasswordRejected>, AccountsError> {
        let (policy, password, email) = (self.policy, password.clone(), email.clone());
        Ok(self.hashing.run(move || policy.validate(&password, &email)).await?)
    }

    /// Makes the session that a log-in opens, without storing it.
    pub(super) fn new_session(
        &self,
        user_id: UserId,
        role: Role,
        context: &LoginContext,
    ) -> Result<SessionRecord, AccountsError> {
        let state = Identity { user_id, role }.state()?;
        let session = SessionRecord::new(&self.expiry_policy, self.clock.now(), state);
        let id = context.session_id(user_id).unwrap_or(session.id);
        Ok(SessionRecord { id, ..session })
    }
}
