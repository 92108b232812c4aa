//! Signing up and logging in.

use super::{error::AccountsError, service::Accounts, throttle::Admission};
use crate::{
    audit,
    db::{Attempt, Credentials, LoginContext, NewLogin, NewUser},
    domain::{Email, LogIn, Password, PasswordHash, Role, SignUp, UserId},
    telemetry,
};

/// How often a right password is verified when the hash has changed by then. Another log-in at the
/// same time may have brought an old hash up to date: then it is right once more. Only a new password
/// makes it wrong.
pub(super) const HASH_ATTEMPTS: usize = 2;

impl Accounts {
    /// Makes an account and logs its person in.
    ///
    /// # Errors
    ///
    /// When the database fails or too many are waiting; no account was made then.
    pub async fn sign_up(
        &self,
        email: &Email,
        password: &Password,
        context: &LoginContext,
    ) -> Result<SignUp, AccountsError> {
        if self.store.user_by_email(email).await?.is_some() {
            return Ok(SignUp::EmailTaken);
        }
        if let Err(rejected) = self.validate(password, email).await? {
            return Ok(SignUp::Rejected(rejected));
        }
        let password_hash = &self.hashing.hash(password).await?;
        let (id, role) = (UserId::random(), Role::User);
        let session = self.new_session(id, role)?;
        let user = NewUser { id, email, password_hash, role };
        let outcome = self.store.sign_up(user, session, context).await?;
        if let SignUp::Done(session) = &outcome {
            telemetry::signed_up();
            audit::signed_up(id, session.id, &context.client.address);
        }
        Ok(outcome)
    }

    /// Logs someone in. Whether the address is unknown or the password wrong makes no difference,
    /// neither in what is answered nor in what is done for it.
    ///
    /// # Errors
    ///
    /// When the database fails or too many are waiting; no one is logged in then.
    pub async fn log_in(
        &self,
        email: &Email,
        password: &Password,
        context: &LoginContext,
    ) -> Result<LogIn, AccountsError> {
        let credentials = self.store.credentials_by_email(email).await?;
        let user = credentials.as_ref().map(|credentials| credentials.user.id);
        let outcome = match self.admit(email, user, &context.client).await? {
            Admission::Admitted(attempt) => {
                self.verify_and_open(credentials, password, context, &attempt).await?
            }
            Admission::Throttled(until) => LogIn::Throttled(until),
        };
        tell(&outcome, user, &context.client.address);
        Ok(outcome)
    }

    /// Opens a session if this is the password, and counts the attempt if it is not. What takes its
    /// time is done where there is no account, too.
    async fn verify_and_open(
        &self,
        mut credentials: Option<Credentials>,
        password: &Password,
        context: &LoginContext,
        attempt: &Attempt,
    ) -> Result<LogIn, AccountsError> {
        let user = credentials.as_ref().map(|credentials| credentials.user.id);
        for _attempt in 0..HASH_ATTEMPTS {
            let hash = credentials.as_ref().map(|credentials| &credentials.password_hash);
            let kept = self.hashing.verify(password, hash).await?;
            let (Some(known), Some(kept)) = (&credentials, &kept) else { break };
            if let Some(outcome) = self.open(known, kept, context, attempt).await? {
                return Ok(outcome);
            }
            credentials = self.store.credentials_by_email(&known.user.email).await?;
        }
        let until = self.store.record_failure(attempt, user, &context.client).await?;
        Ok(until.map_or(LogIn::Refused, LogIn::Throttled))
    }

    /// Opens the session of a person whose password was verified against these credentials; `None` if
    /// they have changed meanwhile.
    async fn open(
        &self,
        Credentials { user, password_hash: verified_hash }: &Credentials,
        password_hash: &PasswordHash,
        context: &LoginContext,
        attempt: &Attempt,
    ) -> Result<Option<LogIn>, AccountsError> {
        let login = NewLogin { user_id: user.id, verified_hash, password_hash, context, attempt };
        self.store.log_in(login, |role| self.new_session(user.id, role)).await
    }
}

fn tell(outcome: &LogIn, user: Option<UserId>, from: &str) {
    match outcome {
        LogIn::Granted(session) => {
            telemetry::login_granted();
            if let Some(user) = user {
                audit::logged_in(user, session.id, from);
            }
        }
        LogIn::Refused => {
            telemetry::login_refused();
            audit::login_refused(user, from);
        }
        LogIn::Throttled(until) => {
            telemetry::login_throttled();
            audit::login_throttled(user, from, until);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::testing::{EMAIL, WRONG, World, context, email, password};

    #[actix_web::test]
    async fn an_unknown_address_is_hashed_for_like_a_known_one() {
        let world = World::new().await;
        for address in [EMAIL, "nobody@example.com"] {
            let (address, password, context) = (email(address), password(WRONG), context());
            let log_in = world.accounts.log_in(&address, &password, &context);
            let (outcome, hashed) = world.finish(log_in).await;
            assert!(matches!(outcome.unwrap(), LogIn::Refused));
            assert_eq!(hashed, 1, "{address:?}");
        }
    }
}
