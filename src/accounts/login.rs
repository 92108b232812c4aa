//! Signing up and logging in.

use super::{
    email::Email,
    error::AccountsError,
    password::{Password, PasswordRejected},
    service::Accounts,
    throttle::Admission,
    user::{Role, UserId},
};
use crate::{
    audit,
    clock::Timestamp,
    db::{Attempt, Client, DatabaseError, NewLogin, NewUser, OpenedLogin, UserRow},
    session::{SessionId, SessionRecord},
    telemetry,
};

/// How often a password is verified that was right, when the hash has changed by then. Another
/// log-in at the same time may have brought an old one up to date: then it is right once more. Only
/// a new password makes it wrong.
pub(super) const HASH_ATTEMPTS: usize = 2;

/// Where a sign-up or log-in comes from.
#[derive(Debug, Clone, Default)]
pub struct LoginContext {
    /// The browser.
    pub client: Client,
    /// The session it had until now; it ends when another is opened.
    pub replaces: Option<SessionId>,
}

/// How a sign-up ended.
#[derive(Debug)]
pub enum SignUp {
    /// The account is there, and its first session is open.
    Done(SessionRecord),
    /// Somebody has an account with this address.
    EmailTaken,
    /// The password is not fit to be one.
    Unfit(PasswordRejected),
}

/// How a log-in ended.
#[derive(Debug)]
pub enum LogIn {
    /// The session is open.
    Granted(SessionRecord),
    /// No account with this address and this password.
    Refused,
    /// Too many were refused before: the password was not even looked at. Until then.
    Throttled(Timestamp),
}

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
        if self.storage.user_by_email(email.as_str()).await?.is_some() {
            return Ok(SignUp::EmailTaken);
        }
        if let Err(unfit) = self.validate(password, email).await? {
            return Ok(SignUp::Unfit(unfit));
        }
        let hash = self.hashing.hash(password).await?;
        let (id, role) = (UserId::random(), Role::User);
        let session = self.new_session(id, role)?;
        let id = id.to_string();
        let LoginContext { client, replaces } = context;
        let user =
            NewUser { id: &id, email: email.as_str(), password_hash: &hash, role: role.as_str() };
        let first = Some((&session, client));
        let added = self.sessions.sign_up(user, first, replaces.as_ref()).await?;
        if !added {
            return Ok(SignUp::EmailTaken);
        }
        telemetry::signed_up();
        audit::signed_up(&id, session.id, &client.address);
        Ok(SignUp::Done(session))
    }

    /// Logs somebody in. Whether the address is unknown or the password wrong makes no difference,
    /// neither in what is answered nor in what is done for it.
    ///
    /// # Errors
    ///
    /// When the database fails or too many are waiting; nobody is logged in then.
    pub async fn log_in(
        &self,
        email: &Email,
        password: &Password,
        context: &LoginContext,
    ) -> Result<LogIn, AccountsError> {
        let row = self.storage.user_by_email(email.as_str()).await?;
        let id = row.as_ref().map(|row| row.id.clone());
        let id = id.as_deref();
        let from = &context.client.address;
        let attempt = match self.admit(email, id, &context.client).await? {
            Admission::Admitted(attempt) => attempt,
            Admission::Throttled(until) => {
                tell(&LogIn::Throttled(until), id, from);
                return Ok(LogIn::Throttled(until));
            }
        };
        let outcome = match self.verify_and_open(row, password, context, &attempt).await? {
            OpenedLogin::Done(session) => LogIn::Granted(session),
            OpenedLogin::Throttled(until) => LogIn::Throttled(until),
            OpenedLogin::OtherHash => {
                let now = self.clock.now();
                let until = self.storage.record_failure(&attempt, id, &context.client, now).await?;
                until.map_or(LogIn::Refused, LogIn::Throttled)
            }
        };
        tell(&outcome, id, from);
        Ok(outcome)
    }

    /// Opens a session if this is the password; [`OpenedLogin::OtherHash`] if not. What takes its
    /// time is done where there is no account, too.
    async fn verify_and_open(
        &self,
        mut row: Option<UserRow>,
        password: &Password,
        context: &LoginContext,
        attempt: &Attempt,
    ) -> Result<OpenedLogin, AccountsError> {
        for _attempt in 0..HASH_ATTEMPTS {
            let hash = row.as_ref().map(|row| row.password_hash.as_str());
            let kept = self.hashing.verify(password, hash).await?;
            let (Some(known), Some(kept)) = (&row, &kept) else { break };
            match self.open(known, kept, context, attempt).await? {
                OpenedLogin::OtherHash => {}
                opened => return Ok(opened),
            }
            row = self.storage.user_by_email(&known.email).await?;
        }
        Ok(OpenedLogin::OtherHash)
    }

    /// Opens the session of somebody whose password was verified against the row's hash.
    async fn open(
        &self,
        row: &UserRow,
        password_hash: &str,
        context: &LoginContext,
        attempt: &Attempt,
    ) -> Result<OpenedLogin, AccountsError> {
        let login = NewLogin {
            user_id: &row.id,
            verified_hash: &row.password_hash,
            password_hash,
            replaces: context.replaces.as_ref(),
            client: &context.client,
            attempt: Some(attempt),
        };
        self.sessions
            .open_login(login, |role| {
                let role = role.parse().map_err(|_| DatabaseError::Corrupt("role"))?;
                let id = row.id.parse().map_err(|_| DatabaseError::Corrupt("user id"))?;
                self.new_session(id, role)
            })
            .await
    }
}

fn tell(outcome: &LogIn, user: Option<&str>, from: &str) {
    match outcome {
        LogIn::Granted(session) => {
            telemetry::login_granted();
            audit::logged_in(user.unwrap_or_default(), session.id, from);
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
    use crate::accounts::testing::{ByHand, EMAIL, WRONG, context, email, password};

    #[actix_web::test]
    async fn an_unknown_address_is_hashed_for_like_a_known_one() {
        let testing = ByHand::start().await;
        for address in [EMAIL, "nobody@example.com"] {
            let (address, password, context) = (email(address), password(WRONG), context());
            let log_in = testing.accounts.log_in(&address, &password, &context);
            let (outcome, hashed) = testing.finish(log_in).await;
            assert!(matches!(outcome.unwrap(), LogIn::Refused));
            assert_eq!(hashed, 1, "{address:?}");
        }
    }
}
