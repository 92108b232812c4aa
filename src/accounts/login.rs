//! Sign-up and log-in.

use std::time::Duration;

use super::{error::AccountsError, service::Accounts, throttle::Admission};
use crate::{
    audit,
    db::{
        Attempt, Credentials, EmailProof, LoginContext, NewLogin, NewUser, REPEAT_TIME, SecretMail,
    },
    domain::{
        Email, EmailConfirmation, LogIn, Mail, MailContent, Password, PasswordHash, Role, SignUp,
        UserId,
    },
    telemetry,
};

/// How often to verify a password if the stored hash changes during the check. A concurrent log-in may
/// have upgraded the hash, and then the same password is still right.
pub(super) const HASH_ATTEMPTS: usize = 2;

impl Accounts {
    /// Creates an account and logs the user in. If the address has an account, its owner may have clicked
    /// twice or forgotten it: the right password logs in. `log_in_limit` counts that attempt, and says how long
    /// its network has to wait. Where addresses must be confirmed, it only asks for that.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. No account is created then.
    pub async fn sign_up(
        &self,
        email: &Email,
        password: &Password,
        context: &LoginContext,
        log_in_limit: impl Fn() -> Option<Duration>,
    ) -> Result<SignUp, AccountsError> {
        if self.mail.confirmation == EmailConfirmation::Required {
            return self.request_sign_up(email, password, &context.client).await;
        }
        if self.store.user_by_email(email).await?.is_some() {
            return self.log_in_instead(email, password, context, log_in_limit).await;
        }
        if let Err(rejected) = self.validate(password, email).await? {
            return Ok(SignUp::Rejected(rejected));
        }
        let password_hash = &self.hashing.hash(password).await?;
        let (id, role) = (UserId::random(), Role::User);
        let session = self.new_session(id, role, context)?;
        let user = NewUser { id, email, password_hash, role };
        let mail = (self.mail.confirmation == EmailConfirmation::Optional).then(|| Mail {
            to: email.clone(),
            user_id: Some(id),
            content: MailContent::Confirm,
        });
        let outcome = self.store.sign_up(user, session, context, mail.as_ref()).await?;
        match &outcome {
            SignUp::Done(session) => {
                telemetry::signed_up();
                audit::signed_up(id, session.id, &context.client.address);
            }
            // Another sign-up was faster: the first click, perhaps.
            SignUp::EmailTaken => {
                return self.log_in_instead(email, password, context, log_in_limit).await;
            }
            _ => {}
        }
        Ok(outcome)
    }

    /// Signs up with an address that has an account: guarded like a log-in, because it is one.
    pub(super) async fn log_in_instead(
        &self,
        email: &Email,
        password: &Password,
        context: &LoginContext,
        log_in_limit: impl Fn() -> Option<Duration>,
    ) -> Result<SignUp, AccountsError> {
        if let Some(wait) = log_in_limit() {
            return Ok(SignUp::Limited(wait));
        }
        let session = match self.log_in(email, password, context).await? {
            LogIn::Granted(session) | LogIn::Repeated(session) => session,
            LogIn::Refused => return Ok(SignUp::EmailTaken),
            LogIn::Throttled(until) => return Ok(SignUp::Throttled(until)),
            LogIn::Disabled => return Ok(SignUp::Disabled),
        };
        let user = self.store.user_by_email(email).await?;
        let is_new = user.is_some_and(|user| self.clock.now().since(user.created_at) < REPEAT_TIME);
        Ok(if is_new { SignUp::Done(session) } else { SignUp::LoggedIn(session) })
    }

    /// Logs a user in. An unknown address gets the same answer as a wrong password and takes as long, and so does an
    /// address that must be confirmed first. Only the right password learns that an account is disabled.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. No session is opened then.
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
                self.verify_and_open(email, credentials, password, context, &attempt).await?
            }
            Admission::Throttled(until) => LogIn::Throttled(until),
        };
        log_outcome(&outcome, user, &context.client.address);
        Ok(outcome)
    }

    /// Opens a session if the password is right, and counts a failure if not. Without an account it
    /// hashes all the same, so that it takes as long.
    async fn verify_and_open(
        &self,
        email: &Email,
        mut credentials: Option<Credentials>,
        password: &Password,
        context: &LoginContext,
        attempt: &Attempt,
    ) -> Result<LogIn, AccountsError> {
        let user = credentials.as_ref().map(|credentials| credentials.user.id);
        let mut is_unconfirmed = false;
        for _attempt in 0..HASH_ATTEMPTS {
            let hash = credentials.as_ref().map(|credentials| &credentials.password_hash);
            let kept = self.hashing.verify(password, hash).await?;
            let (Some(known), Some(kept)) = (&credentials, &kept) else { break };
            if self.must_confirm(known) {
                is_unconfirmed = true;
                break;
            }
            if let Some(outcome) = self.open_session(known, kept, context, attempt).await? {
                return Ok(outcome);
            }
            credentials = self.store.credentials_by_email(&known.user.email).await?;
        }
        let mail = self.another_link(email, is_unconfirmed);
        let (client, mail) = (&context.client, mail.as_ref());
        let until = self.store.record_failure_with(attempt, user, client, mail).await?;
        Ok(until.map_or(LogIn::Refused, LogIn::Throttled))
    }

    fn must_confirm(&self, Credentials { user, .. }: &Credentials) -> bool {
        self.mail.confirmation == EmailConfirmation::Required && user.email_confirmed_at.is_none()
    }

    /// Another link for the owner of an account who knows its password but has not confirmed the address. It is
    /// made for every refused log-in and then sent or not, because a stranger who signed up with someone else's address
    /// could learn by logging in whether that was the first sign-up with it.
    fn another_link(&self, email: &Email, is_sent: bool) -> Option<SecretMail> {
        let to = email.clone();
        let mail = || Mail { to, user_id: None, content: MailContent::Confirm };
        let is_required = self.mail.confirmation == EmailConfirmation::Required;
        is_required.then(|| SecretMail { mail: mail(), is_sent })
    }

    /// Opens the session of a user whose password was verified; `None` if the credentials have changed
    /// since.
    async fn open_session(
        &self,
        Credentials { user, password_hash: verified_hash }: &Credentials,
        password_hash: &PasswordHash,
        context: &LoginContext,
        attempt: &Attempt,
    ) -> Result<Option<LogIn>, AccountsError> {
        let notice = self.new_login_notice(user, &context.client).await?;
        let notice = notice.as_ref();
        let login =
            NewLogin { user_id: user.id, verified_hash, password_hash, context, attempt, notice };
        let proof = match self.mail.confirmation {
            EmailConfirmation::Required => EmailProof::Needed,
            EmailConfirmation::Off | EmailConfirmation::Optional => EmailProof::NotNeeded,
        };
        self.store.log_in(login, proof, |role| self.new_session(user.id, role, context)).await
    }
}

pub(super) fn log_outcome(outcome: &LogIn, user: Option<UserId>, from: &str) {
    match outcome {
        LogIn::Granted(session) => {
            telemetry::login_granted();
            if let Some(user) = user {
                audit::logged_in(user, session.id, from);
            }
        }
        LogIn::Repeated(session) => {
            log::debug!("log-in repeated: session {}, from {from:?}", session.id);
        }
        LogIn::Refused => {
            telemetry::login_refused();
            audit::login_refused(user, from);
        }
        LogIn::Throttled(until) => {
            telemetry::login_throttled();
            audit::login_throttled(user, from, until);
        }
        LogIn::Disabled => {
            telemetry::login_refused();
            if let Some(user) = user {
                audit::login_disabled(user, from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::accounts::testing::{EMAIL, Fixture, WRONG, context, email, password};

    #[actix_web::test]
    async fn an_unknown_address_costs_one_hash_like_a_known_one() {
        let fixture = Fixture::new().await;
        for address in [EMAIL, "unknown@example.com"] {
            let (address, password, context) = (email(address), password(WRONG), context());
            let log_in = fixture.accounts.log_in(&address, &password, &context);
            let (outcome, hashed) = fixture.finish(log_in).await;
            assert!(matches!(outcome.unwrap(), LogIn::Refused));
            assert_eq!(hashed, 1, "{address:?}");
        }
    }
}
