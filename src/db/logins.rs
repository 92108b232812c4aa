//! Log-in and sign-up: each opens a session and makes all related changes in one transaction.

use std::time::Duration;

use waxseal_session::{RevocationFeed, SessionId, SessionRecord, Timestamp};
use waxseal_session_sqlx::{
    DatabaseError, SessionDetails, SessionInfo, SessionTransaction, retry_lock_conflict,
};

use super::{
    account_store::AccountStore,
    login_context::LoginContext,
    login_events::{self, Outcome},
    login_failures::{Attempt, reset_failures},
    new_users::NewUser,
    outbox,
    users::parse_column,
};
use crate::domain::{Email, LogIn, Mail, PasswordHash, Role, SignUp, UserId};

/// How long after a form was sent the same form counts as a repeat: as long as a request may be late.
pub const REPEAT_TIME: Duration = RevocationFeed::REPLACEMENT_GRACE;

/// A log-in or a change of password, after the password was verified.
pub struct NewLogin<'a> {
    /// The user.
    pub user_id: UserId,
    /// The hash that the password was verified against.
    pub verified_hash: &'a PasswordHash,
    /// The hash to store: the same one, one with current parameters, or that of a new password.
    pub password_hash: &'a PasswordHash,
    /// The client, and the session to end.
    pub context: &'a LoginContext,
    /// The attempt, for the counts of failures.
    pub attempt: &'a Attempt,
    /// Tells the user.
    pub notice: Option<&'a Mail>,
}

/// What a log-in has to do with the proof that the address is the user's.
#[derive(Debug, Clone, Copy)]
pub enum EmailProof<'a> {
    /// It needs none.
    NotNeeded,
    /// The address must have been confirmed.
    Needed,
    /// It confirms this address.
    Given(&'a Email),
}

/// A password that is set without the current one: by a link, or by an administrator.
pub struct NewPassword<'a> {
    /// The user.
    pub user_id: UserId,
    /// The hash and the address that a link named: nothing changes if they are no longer the stored ones, or
    /// the account is disabled.
    pub verified: Option<(&'a PasswordHash, &'a Email)>,
    /// The hash to store.
    pub password_hash: &'a PasswordHash,
    /// Whether setting it proves access to the mailbox.
    pub proves_email: bool,
    /// The account whose failed log-ins are forgotten, by [`Attempt::account`].
    pub failures_of: String,
    /// Tells the user.
    pub notice: Option<Mail>,
}

impl AccountStore {
    /// Opens the session of a log-in. `session` makes it from the user's current role. The same form sent
    /// again within a minute gets the same session. `None`, with nothing changed, if the verified hash is no
    /// longer the stored one, or the proof of the address is missing or of another one. A disabled account changes
    /// nothing either, and no failures are forgotten.
    ///
    /// # Errors
    ///
    /// If the database or `session` fails. Nothing changes then.
    pub async fn log_in<E: From<DatabaseError>>(
        &self,
        login: NewLogin<'_>,
        proof: EmailProof<'_>,
        session: impl Fn(Role) -> Result<SessionRecord, E>,
    ) -> Result<Option<LogIn>, E> {
        let outcome =
            retry_lock_conflict(|| self.try_log_in(&login, proof, &session)).await?.transpose();
        if login.notice.is_some() {
            self.mail_queued.notify_one();
        }
        outcome
    }

    /// The inner error is that of `session`.
    async fn try_log_in<E>(
        &self,
        login: &NewLogin<'_>,
        proof: EmailProof<'_>,
        session: impl Fn(Role) -> Result<SessionRecord, E>,
    ) -> Result<Option<Result<LogIn, E>>, DatabaseError> {
        let (mut transaction, now) = (self.sessions.begin().await?, self.clock.now());
        let role = update_user(&mut transaction, login, proof, now).await?;
        let Some(role) = role else { return Ok(None) };
        let mut session = match session(role) {
            Ok(session) => session,
            Err(error) => return Ok(Some(Err(error))),
        };
        if let Some(until) = reset_failures(&mut transaction, login.attempt, now).await? {
            return Ok(Some(Ok(LogIn::Throttled(until))));
        }
        if is_disabled(&mut transaction, login.user_id).await? {
            return Ok(Some(Ok(LogIn::Disabled)));
        }
        let opened = match login.context.form {
            Some(_) => transaction.find(&session.id).await?,
            None => None,
        };
        let outcome = match opened {
            Some(opened) if is_repeat(&opened, login, now) => {
                session = record(opened);
                end_previous(&mut transaction, login.context, &session).await?;
                LogIn::Repeated(session)
            }
            opened => {
                if opened.is_some() {
                    // An id names one session: this is another.
                    session.id = SessionId::random();
                }
                open_session(&mut transaction, login.user_id, &session, login.context).await?;
                if let Some(notice) = login.notice {
                    outbox::queue(&mut transaction, notice, now).await?;
                }
                LogIn::Granted(session)
            }
        };
        transaction.commit().await?;
        Ok(Some(Ok(outcome)))
    }

    /// Adds a user, opens their first session, and queues the mail that asks to confirm the address.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn sign_up(
        &self,
        user: NewUser<'_>,
        session: SessionRecord,
        context: &LoginContext,
        mail: Option<&Mail>,
    ) -> Result<SignUp, DatabaseError> {
        let sign_up = || self.try_sign_up(&user, &session, context, mail);
        let outcome = retry_lock_conflict(sign_up).await?;
        if mail.is_some() {
            self.mail_queued.notify_one();
        }
        Ok(outcome)
    }

    async fn try_sign_up(
        &self,
        user: &NewUser<'_>,
        session: &SessionRecord,
        context: &LoginContext,
        mail: Option<&Mail>,
    ) -> Result<SignUp, DatabaseError> {
        let mut transaction = self.sessions.begin().await?;
        if !self.insert_user(&mut transaction, user).await? {
            return Ok(SignUp::EmailTaken);
        }
        open_session(&mut transaction, user.id, session, context).await?;
        if let Some(mail) = mail {
            outbox::queue(&mut transaction, mail, self.clock.now()).await?;
        }
        transaction.commit().await?;
        Ok(SignUp::Done(session.clone()))
    }
}

/// Stores the log-in's password hash, and the proof of the address, and returns the user's role; `None` if the
/// verified hash is no longer the stored one, or that proof is missing or of another address.
///
/// The update locks the row even if the hash stays the same. So a concurrent change of password or role
/// either comes first, and this sees it, or waits and then ends the new session.
async fn update_user(
    transaction: &mut SessionTransaction,
    login: &NewLogin<'_>,
    proof: EmailProof<'_>,
    now: Timestamp,
) -> Result<Option<Role>, DatabaseError> {
    let sql = match proof {
        EmailProof::NotNeeded => {
            "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3 RETURNING role"
        }
        EmailProof::Needed => {
            "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3
                AND email_confirmed_at IS NOT NULL RETURNING role"
        }
        EmailProof::Given(_) => {
            "UPDATE users SET password_hash = $1, email_confirmed_at = COALESCE(email_confirmed_at, $4)
             WHERE id = $2 AND password_hash = $3 AND email = $5 AND disabled_at IS NULL
             RETURNING role"
        }
    };
    let query = sqlx::query(sql)
        .bind(login.password_hash.as_phc())
        .bind(login.user_id.to_string())
        .bind(login.verified_hash.as_phc());
    let query = match proof {
        EmailProof::Given(email) => query.bind(now.as_unix()).bind(email.as_str()),
        EmailProof::NotNeeded | EmailProof::Needed => query,
    };
    let row = transaction.fetch_optional(query).await?;
    row.map(|row| parse_column(&row, "role", "role")).transpose()
}

/// Whether a user is disabled. The row is locked, so an operator who disables the account either comes first, or
/// waits and then ends the new session.
async fn is_disabled(
    transaction: &mut SessionTransaction,
    user_id: UserId,
) -> Result<bool, DatabaseError> {
    let query = sqlx::query("SELECT id FROM users WHERE id = $1 AND disabled_at IS NULL");
    Ok(transaction.fetch_optional(query.bind(user_id.to_string())).await?.is_none())
}

/// Whether a session was opened a moment ago by the form that is sent now. Someone who logs in again from that
/// session gets a new one.
///
/// The lock on the user's row makes the second of two log-ins see what the first has done.
fn is_repeat(opened: &SessionDetails, login: &NewLogin<'_>, now: Timestamp) -> bool {
    is_new(opened, login.user_id, now) && login.context.replaces != Some(opened.session.id)
}

/// Whether a live session of this user was opened a moment ago.
pub(super) fn is_new(opened: &SessionDetails, user: UserId, now: Timestamp) -> bool {
    let SessionInfo { user_id, auth_time, expires_at, .. } = &opened.session;
    opened.revoked_at.is_none()
        && now < *expires_at
        && now.since(*auth_time) < REPEAT_TIME
        && *user_id == Some(user.to_string())
}

pub(super) fn record(details: SessionDetails) -> SessionRecord {
    let SessionDetails { session, state, latest_expiry, .. } = details;
    let SessionInfo { id, auth_time, expires_at, .. } = session;
    SessionRecord { id, auth_time, expires_at, latest_expiry, state }
}

/// Opens a session, ends the one it replaces, and records the log-in.
pub(super) async fn open_session(
    transaction: &mut SessionTransaction,
    user_id: UserId,
    session: &SessionRecord,
    context: &LoginContext,
) -> Result<(), DatabaseError> {
    let (client, now) = (&context.client, session.auth_time);
    transaction.create(session, Some(&user_id.to_string()), Some(client)).await?;
    end_previous(transaction, context, session).await?;
    login_events::record(transaction, Some(user_id), client, now, Outcome::Granted).await
}

/// Ends the session that the browser had.
async fn end_previous(
    transaction: &mut SessionTransaction,
    context: &LoginContext,
    session: &SessionRecord,
) -> Result<(), DatabaseError> {
    if let Some(previous) = &context.replaces {
        transaction.replace(previous, &session.id).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{
        Tally,
        testing::{Fixture, attempt, session},
    };

    /// Logs Ann in, as if her password had been verified against this hash.
    async fn log_in(fixture: &Fixture, verified_hash: &str, attempt: &Attempt) -> Option<LogIn> {
        let hash = PasswordHash::from_phc(verified_hash);
        let login = NewLogin {
            user_id: fixture.ann,
            verified_hash: &hash,
            password_hash: &hash,
            context: &LoginContext::default(),
            attempt,
            notice: None,
        };
        let session = |_| Ok::<_, DatabaseError>(session());
        fixture.store.log_in(login, EmailProof::NotNeeded, session).await.unwrap()
    }

    #[actix_web::test]
    async fn a_log_in_opens_no_session_if_the_hash_has_changed() {
        let fixture = Fixture::new().await;
        assert!(log_in(&fixture, "another", &attempt()).await.is_none());
        assert_eq!(fixture.live_sessions().await, 1);
        let granted = log_in(&fixture, "hash", &attempt()).await;
        assert!(matches!(granted, Some(LogIn::Granted(_))));
        assert_eq!(fixture.live_sessions().await, 2);
    }

    #[actix_web::test]
    async fn a_log_in_that_needs_a_confirmed_address_opens_no_session_without() {
        let Fixture { store, ann, .. } = &Fixture::new().await;
        let hash = PasswordHash::from_phc("hash");
        let (context, attempt) = (&LoginContext::default(), &attempt());
        let log_in = async |proof| {
            let login = NewLogin {
                user_id: *ann,
                verified_hash: &hash,
                password_hash: &hash,
                context,
                attempt,
                notice: None,
            };
            let session = |_| Ok::<_, DatabaseError>(session());
            store.log_in(login, proof, session).await.unwrap().is_some()
        };
        let ann: Email = store.user(*ann).await.unwrap().unwrap().email;
        assert!(!log_in(EmailProof::Needed).await);
        let another = "bo@example.com".parse().unwrap();
        assert!(!log_in(EmailProof::Given(&another)).await);
        assert!(!log_in(EmailProof::Needed).await);
        assert!(log_in(EmailProof::Given(&ann)).await);
        assert!(log_in(EmailProof::Needed).await);
    }

    /// The password is right, but other attempts failed while it was verified.
    #[actix_web::test]
    async fn a_throttled_log_in_opens_no_session() {
        let fixture = Fixture::new().await;
        let after_two = |tally: &Tally, now| (tally.here.number >= 2).then_some(now);
        let attempt = Attempt { retry_at: after_two, ..attempt() };
        let log_in = async || log_in(&fixture, "hash", &attempt).await;
        let fail = async || {
            let client = LoginContext::default().client;
            fixture.store.record_failure(&attempt, None, &client).await.unwrap()
        };
        assert_eq!(fail().await, None);
        assert!(matches!(log_in().await, Some(LogIn::Granted(_))), "and clears the failure");
        assert_eq!(fail().await, None);
        assert_eq!(fail().await, None);
        assert_eq!(fail().await, Some(Timestamp::from_unix(1_000_000)));
        assert!(matches!(log_in().await, Some(LogIn::Throttled(_))));
        assert_eq!(fixture.live_sessions().await, 2);
    }
}
