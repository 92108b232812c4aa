//! What opens a session, in one transaction with all that belongs to it: log-in and sign-up.

use sqlx::Row;

use super::{
    access::WriteTransaction,
    client::Client,
    error::DatabaseError,
    login_events::{self, Outcome},
    login_failures::{self, Attempt},
    session_rows,
    session_store::SqlSessionStore,
};
use crate::{
    clock::Timestamp,
    session::{SessionId, SessionRecord},
    telemetry,
};

/// A log-in whose password was verified.
pub struct NewLogin<'a> {
    /// Who logs in.
    pub user_id: &'a str,
    /// The hash that the password was verified against.
    pub verified_hash: &'a str,
    /// The hash to keep from now on: the same one, or one made with newer parameters.
    pub password_hash: &'a str,
    /// The session that was there and ends.
    pub replaces: Option<&'a SessionId>,
    /// From where.
    pub client: &'a Client,
    /// The attempt that it was, whose password was right.
    pub attempt: Option<&'a Attempt>,
}

/// A user to be.
pub struct NewUser<'a> {
    /// The user's id.
    pub id: &'a str,
    /// The e-mail address, in lower case.
    pub email: &'a str,
    /// A PHC string.
    pub password_hash: &'a str,
    /// The role's name.
    pub role: &'a str,
}

/// How the opening of a log-in's session ended.
pub enum OpenedLogin {
    /// It is open.
    Done(SessionRecord),
    /// The user is gone, or has another hash than the verified one; nothing was changed.
    OtherHash,
    /// So many others were wrong at the same time that it came too early; nothing was changed.
    Throttled(Timestamp),
}

impl SqlSessionStore {
    /// Opens the session of a log-in.
    ///
    /// `session` makes it, with the role that the user has at this moment.
    ///
    /// # Errors
    ///
    /// When the database fails, or `session` does; nothing is changed then.
    pub async fn open_login<E: From<DatabaseError>>(
        &self,
        login: NewLogin<'_>,
        session: impl FnOnce(&str) -> Result<SessionRecord, E>,
    ) -> Result<OpenedLogin, E> {
        let mut transaction = self.storage.write().await?;
        let Some(role) = confirm(&mut transaction, &login).await? else {
            return Ok(OpenedLogin::OtherHash);
        };
        let session = session(&role)?;
        if let Some(attempt) = login.attempt
            && let Some(until) =
                login_failures::reset_failures(&mut transaction, attempt, session.auth_time).await?
        {
            return Ok(OpenedLogin::Throttled(until));
        }
        self.open_and_commit(transaction, &login, &session).await?;
        Ok(OpenedLogin::Done(session))
    }

    /// Adds a user. `false`, and nothing is changed, when the e-mail address is taken. With a
    /// session and a client, that is opened as the first one.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn sign_up(
        &self,
        user: NewUser<'_>,
        first: Option<(&SessionRecord, &Client)>,
        replaces: Option<&SessionId>,
    ) -> Result<bool, DatabaseError> {
        let mut transaction = self.storage.write().await?;
        let insert = sqlx::query(
            "INSERT INTO users (id, email, password_hash, role, created_at)
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (email) DO NOTHING",
        )
        .bind(user.id)
        .bind(user.email)
        .bind(user.password_hash)
        .bind(user.role)
        .bind(self.clock.now().as_unix());
        if transaction.execute(insert).await? == 0 {
            return Ok(false);
        }
        let Some((session, client)) = first else {
            transaction.commit().await?;
            return Ok(true);
        };
        let login = NewLogin {
            user_id: user.id,
            verified_hash: user.password_hash,
            password_hash: user.password_hash,
            replaces,
            client,
            attempt: None,
        };
        self.open_and_commit(transaction, &login, session).await?;
        Ok(true)
    }

    /// Opens the session, ends the one it replaces, writes the history; then commits.
    async fn open_and_commit(
        &self,
        mut transaction: WriteTransaction,
        login: &NewLogin<'_>,
        session: &SessionRecord,
    ) -> Result<(), DatabaseError> {
        let NewLogin { user_id, client, .. } = login;
        let now = session.auth_time;
        session_rows::insert(&mut transaction, session, Some(user_id), Some(client)).await?;
        let ended = match login.replaces {
            Some(id) => session_rows::revoke(&mut transaction, id, now).await?,
            None => None,
        };
        login_events::record(&mut transaction, Some(user_id), client, now, Outcome::Granted)
            .await?;
        self.commit(transaction, ended.into_iter().collect()).await?;
        telemetry::session_opened();
        Ok(())
    }
}

/// Keeps the login's password hash if the verified one is still the user's; the role then.
///
/// An update, also where nothing changes: it locks the row on either engine, so a change of
/// password or role waits for this transaction and then ends its session, or is seen by it.
async fn confirm(
    transaction: &mut WriteTransaction,
    login: &NewLogin<'_>,
) -> Result<Option<String>, DatabaseError> {
    let query = sqlx::query(
        "UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3 RETURNING role",
    )
    .bind(login.password_hash)
    .bind(login.user_id)
    .bind(login.verified_hash);
    let row = transaction.fetch_optional(query).await?;
    Ok(row.map(|row| row.try_get("role")).transpose()?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::Clock,
        db::{Database, Tally},
        session::{Lifetimes, State},
    };

    /// A store with one user, `ann`, whose hash is `hash`.
    async fn store(folder: &tempfile::TempDir, clock: &Clock) -> (SqlSessionStore, Database) {
        let url = format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let storage = Database::connect(&url).await.unwrap();
        let store = SqlSessionStore::load(storage.clone(), clock.clone()).await.unwrap();
        let ann =
            NewUser { id: "ann", email: "ann@a.example", password_hash: "hash", role: "user" };
        assert!(store.sign_up(ann, None, None).await.unwrap());
        (store, storage)
    }

    /// The log-in of somebody whose password was verified against this hash.
    async fn log_in(
        store: &SqlSessionStore,
        verified_hash: &str,
        attempt: Option<&Attempt>,
    ) -> OpenedLogin {
        let client = Client::default();
        let login = NewLogin {
            user_id: "ann",
            verified_hash,
            password_hash: verified_hash,
            replaces: None,
            client: &client,
            attempt,
        };
        let session = |_: &str| {
            let state = State::from_json("{}").unwrap();
            Ok::<_, DatabaseError>(SessionRecord::open(
                &Lifetimes::default(),
                store.clock.now(),
                state,
            ))
        };
        store.open_login(login, session).await.unwrap()
    }

    #[actix_web::test]
    async fn a_log_in_whose_hash_has_changed_in_the_meantime_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::from_unix(1_000_000));
        let (store, _) = store(&folder, &clock).await;
        assert!(matches!(log_in(&store, "another", None).await, OpenedLogin::OtherHash));
        assert!(store.live("ann", &SessionId::random(), 9, 0).await.unwrap().is_empty());
        assert!(matches!(log_in(&store, "hash", None).await, OpenedLogin::Done(_)));
        assert_eq!(store.live("ann", &SessionId::random(), 9, 0).await.unwrap().len(), 1);
    }

    /// The password was right, but while it was verified, others were wrong.
    #[actix_web::test]
    async fn a_log_in_that_has_come_too_early_in_the_meantime_opens_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::manual(Timestamp::from_unix(1_000_000));
        let (store, storage) = store(&folder, &clock).await;
        let client = Client::default();
        let after_two = |tally: &Tally, now| (tally.here.number >= 2).then_some(now);
        let attempt = Attempt {
            account: "ann's".to_owned(),
            network: "192.0.2.7".to_owned(),
            retry_at: after_two,
        };
        let log_in = async || log_in(&store, "hash", Some(&attempt)).await;
        let refuse =
            async || storage.record_failure(&attempt, None, &client, clock.now()).await.unwrap();
        assert_eq!(refuse().await, None);
        assert!(matches!(log_in().await, OpenedLogin::Done(_)), "and forgets the failure");
        assert_eq!(refuse().await, None);
        assert_eq!(refuse().await, None);
        assert_eq!(refuse().await, Some(clock.now()));
        assert!(matches!(log_in().await, OpenedLogin::Throttled(_)));
        assert_eq!(store.live("ann", &SessionId::random(), 9, 0).await.unwrap().len(), 1);
    }
}
