//! What opens a session, in one transaction with all that belongs to it: log-in and sign-up.

use waxseal_session::SessionRecord;
use waxseal_session_sqlx::{DatabaseError, SessionTransaction};

use super::{
    account_store::AccountStore,
    login_context::LoginContext,
    login_events::{self, Outcome},
    login_failures::{Attempt, reset_failures},
    users::parse,
};
use crate::domain::{Email, LogIn, NewAccount, PasswordHash, Role, SignUp, UserId};

/// A log-in, or a change of password, whose password was verified.
pub struct NewLogin<'a> {
    /// TokenSubject.
    pub user_id: UserId,
    /// The hash that the password was verified against.
    pub verified_hash: &'a PasswordHash,
    /// The hash to keep from now on: the same one, one made with newer parameters, or that of a new
    /// password.
    pub password_hash: &'a PasswordHash,
    /// Where it comes from, and which session it ends.
    pub context: &'a LoginContext,
    /// The attempt that it was.
    pub attempt: &'a Attempt,
}

/// A user to be.
pub struct NewUser<'a> {
    /// The user's id.
    pub id: UserId,
    /// The email address.
    pub email: &'a Email,
    /// The password's hash.
    pub password_hash: &'a PasswordHash,
    /// What the user may do.
    pub role: Role,
}

impl AccountStore {
    /// Opens the session of a log-in, which `session` makes with the role that the user has at this
    /// moment. `None`, and nothing is changed, when the verified hash is no longer the user's.
    ///
    /// # Errors
    ///
    /// When the database fails, or `session` does; nothing is changed then.
    pub async fn log_in<E: From<DatabaseError>>(
        &self,
        login: NewLogin<'_>,
        session: impl FnOnce(Role) -> Result<SessionRecord, E>,
    ) -> Result<Option<LogIn>, E> {
        let mut transaction = self.sessions.begin().await?;
        let Some(role) = confirm(&mut transaction, &login).await? else { return Ok(None) };
        let session = session(role)?;
        let now = self.clock.now();
        if let Some(until) = reset_failures(&mut transaction, login.attempt, now).await? {
            return Ok(Some(LogIn::Throttled(until)));
        }
        open(&mut transaction, login.user_id, &session, login.context).await?;
        transaction.commit().await?;
        Ok(Some(LogIn::Granted(session)))
    }

    /// Adds a user and opens the first session.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn sign_up(
        &self,
        user: NewUser<'_>,
        session: SessionRecord,
        context: &LoginContext,
    ) -> Result<SignUp, DatabaseError> {
        let mut transaction = self.sessions.begin().await?;
        if !self.insert(&mut transaction, &user).await? {
            return Ok(SignUp::EmailTaken);
        }
        open(&mut transaction, user.id, &session, context).await?;
        transaction.commit().await?;
        Ok(SignUp::Done(session))
    }

    /// Adds a user.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn add_user(&self, user: NewUser<'_>) -> Result<NewAccount, DatabaseError> {
        let mut transaction = self.sessions.begin().await?;
        if !self.insert(&mut transaction, &user).await? {
            return Ok(NewAccount::EmailTaken);
        }
        transaction.commit().await?;
        Ok(NewAccount::Done(user.id))
    }

    /// Inserts a user's row; `false` when the email address is taken.
    async fn insert(
        &self,
        transaction: &mut SessionTransaction,
        user: &NewUser<'_>,
    ) -> Result<bool, DatabaseError> {
        let insert = sqlx::query(
            "INSERT INTO users (id, email, password_hash, role, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING",
        )
        .bind(user.id.to_string())
        .bind(user.email.as_str())
        .bind(user.password_hash.as_phc())
        .bind(user.role.as_str())
        .bind(self.clock.now().as_unix());
        Ok(transaction.execute(insert).await? == 1)
    }
}

/// Keeps the log-in's password hash if the verified one is still the user's; the role then.
///
/// An update, also where nothing changes: it locks the row on either engine, so a change of password
/// or role waits for this transaction and then ends its session, or is seen by it.
async fn confirm(
    transaction: &mut SessionTransaction,
    login: &NewLogin<'_>,
) -> Result<Option<Role>, DatabaseError> {
    let query = sqlx::query(
        "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3 RETURNING role",
    )
    .bind(login.password_hash.as_phc())
    .bind(login.user_id.to_string())
    .bind(login.verified_hash.as_phc());
    let row = transaction.fetch_optional(query).await?;
    row.map(|row| parse(&row, "role", "role")).transpose()
}

/// Opens a session, ends the one it replaces, and writes the history.
async fn open(
    transaction: &mut SessionTransaction,
    user_id: UserId,
    session: &SessionRecord,
    LoginContext { client, replaces }: &LoginContext,
) -> Result<(), DatabaseError> {
    transaction.create(session, Some(&user_id.to_string()), Some(client)).await?;
    if let Some(id) = replaces {
        transaction.revoke(id).await?;
    }
    let now = session.auth_time;
    login_events::record(transaction, Some(user_id), client, now, Outcome::Granted).await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{
        Tally,
        testing::{World, attempt, session},
    };
    use waxseal_session::Timestamp;

    /// The log-in of Ann, whose password was verified against this hash.
    async fn log_in(world: &World, verified_hash: &str, attempt: &Attempt) -> Option<LogIn> {
        let hash = PasswordHash::from_phc(verified_hash);
        let login = NewLogin {
            user_id: world.ann,
            verified_hash: &hash,
            password_hash: &hash,
            context: &LoginContext::default(),
            attempt,
        };
        world.store.log_in(login, |_| Ok::<_, DatabaseError>(session())).await.unwrap()
    }

    #[actix_web::test]
    async fn a_log_in_whose_hash_has_changed_in_the_meantime_opens_nothing() {
        let world = World::new().await;
        assert!(log_in(&world, "another", &attempt()).await.is_none());
        assert_eq!(world.live_sessions().await, 1);
        let granted = log_in(&world, "hash", &attempt()).await;
        assert!(matches!(granted, Some(LogIn::Granted(_))));
        assert_eq!(world.live_sessions().await, 2);
    }

    /// The password was right, but while it was verified, others were wrong.
    #[actix_web::test]
    async fn a_log_in_that_has_come_too_early_in_the_meantime_opens_nothing() {
        let world = World::new().await;
        let after_two = |tally: &Tally, now| (tally.here.number >= 2).then_some(now);
        let attempt = Attempt { retry_at: after_two, ..attempt() };
        let log_in = async || log_in(&world, "hash", &attempt).await;
        let fail = async || {
            let client = LoginContext::default().client;
            world.store.record_failure(&attempt, None, &client).await.unwrap()
        };
        assert_eq!(fail().await, None);
        assert!(matches!(log_in().await, Some(LogIn::Granted(_))), "and forgets the failure");
        assert_eq!(fail().await, None);
        assert_eq!(fail().await, None);
        assert_eq!(fail().await, Some(Timestamp::from_unix(1_000_000)));
        assert!(matches!(log_in().await, Some(LogIn::Throttled(_))));
        assert_eq!(world.live_sessions().await, 2);
    }
}
