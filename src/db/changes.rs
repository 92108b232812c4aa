//! What changes an account and ends its sessions, in one transaction: password, role, deletion.

use sqlx::Row;

use super::{
    access::WriteTransaction,
    error::DatabaseError,
    login_failures,
    logins::NewLogin,
    session_rows::{self, RevokedSession, revoke_all},
    session_store::SqlSessionStore,
};
use crate::{clock::Timestamp, session::SessionRecord, telemetry};

/// How a change of role ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleChange {
    /// The user has the role now. Where that is a change, the user's sessions have ended.
    Done,
    /// There is no such user.
    NoSuchUser,
    /// Nobody would have the protected role any more; nothing was changed.
    LastAdmin,
}

/// How a change of password ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NewPassword {
    /// It is the user's now.
    Done,
    /// The user is gone, or has another hash than the verified one; nothing was changed.
    OtherHash,
    /// The session that asked for it has ended in the meantime; nothing was changed.
    SessionOver,
    /// So many others were wrong at the same time that it came too early; nothing was changed.
    Throttled(Timestamp),
}

/// How a deletion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// The user, and every session and the history of log-ins, are gone.
    Done,
    /// There is no such user, or the password is not the verified one any more.
    NoSuchUser,
    /// Nobody would have the protected role any more; nothing was changed.
    LastAdmin,
}

impl SqlSessionStore {
    /// Changes a password, ends all sessions of the user and opens `session` in their place.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn change_password(
        &self,
        change: NewLogin<'_>,
        session: &SessionRecord,
    ) -> Result<NewPassword, DatabaseError> {
        let mut transaction = self.storage.write().await?;
        let update =
            sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
                .bind(change.password_hash)
                .bind(change.user_id)
                .bind(change.verified_hash);
        if transaction.execute(update).await? == 0 {
            return Ok(NewPassword::OtherHash);
        }
        let ended = revoke_all(&mut transaction, change.user_id, None, self.clock.now()).await?;
        if !change.replaces.is_none_or(|id| ended.iter().any(|session| session.id == *id)) {
            return Ok(NewPassword::SessionOver);
        }
        session_rows::insert(&mut transaction, session, Some(change.user_id), Some(change.client))
            .await?;
        if let Some(attempt) = change.attempt
            && let Some(until) =
                login_failures::reset_failures(&mut transaction, attempt, session.auth_time).await?
        {
            return Ok(NewPassword::Throttled(until));
        }
        self.commit(transaction, ended).await?;
        telemetry::session_opened();
        Ok(NewPassword::Done)
    }

    /// Deletes a user; with a hash, only if that is still the password's. The last user who has
    /// the role `protected` stays.
    ///
    /// The rows of the sessions stay until they would have expired, revoked and without a person.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn delete_user(
        &self,
        user_id: &str,
        verified_hash: Option<&str>,
        protected: &str,
    ) -> Result<Deletion, DatabaseError> {
        let mut transaction = self.storage.write().await?;
        if is_last(&mut transaction, user_id, protected).await? {
            return Ok(Deletion::LastAdmin);
        }
        let delete =
            sqlx::query("DELETE FROM users WHERE id = $1 AND ($2 = '' OR password_hash = $2)")
                .bind(user_id)
                .bind(verified_hash.unwrap_or_default());
        if transaction.execute(delete).await? == 0 {
            return Ok(Deletion::NoSuchUser);
        }
        let ended = revoke_all(&mut transaction, user_id, None, self.clock.now()).await?;
        forget(&mut transaction, user_id).await?;
        self.commit(transaction, ended).await?;
        Ok(Deletion::Done)
    }

    /// Gives a user a role, and ends the user's sessions if that is another one than before. The
    /// last user who has the role `protected` keeps it.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn set_role(
        &self,
        user_id: &str,
        role: &str,
        protected: &str,
    ) -> Result<RoleChange, DatabaseError> {
        let mut transaction = self.storage.write().await?;
        if role != protected && is_last(&mut transaction, user_id, protected).await? {
            return Ok(RoleChange::LastAdmin);
        }
        let update = sqlx::query("UPDATE users SET role = $1 WHERE id = $2 AND role <> $1")
            .bind(role)
            .bind(user_id);
        let mut ended: Vec<RevokedSession> = Vec::new();
        if transaction.execute(update).await? == 1 {
            ended = revoke_all(&mut transaction, user_id, None, self.clock.now()).await?;
        } else if !exists(&mut transaction, user_id).await? {
            return Ok(RoleChange::NoSuchUser);
        }
        self.commit(transaction, ended).await?;
        Ok(RoleChange::Done)
    }
}

/// Whether this user is the only one with this role.
///
/// An update that changes nothing, for the lock: of two transactions that would each take away
/// one of the last two, the second waits and then sees what the first has done.
async fn is_last(
    transaction: &mut WriteTransaction,
    user_id: &str,
    role: &str,
) -> Result<bool, DatabaseError> {
    let query = sqlx::query("UPDATE users SET role = role WHERE role = $1 RETURNING id").bind(role);
    let holders = transaction.fetch_all(query).await?;
    let ids = holders.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
    Ok(ids == [user_id])
}

async fn exists(transaction: &mut WriteTransaction, user_id: &str) -> Result<bool, DatabaseError> {
    let query = sqlx::query("SELECT id FROM users WHERE id = $1").bind(user_id);
    Ok(transaction.fetch_optional(query).await?.is_some())
}

/// Takes what is personal out of what is left of a user.
async fn forget(transaction: &mut WriteTransaction, user_id: &str) -> Result<(), DatabaseError> {
    let events = "DELETE FROM login_events WHERE user_id = $1";
    let sessions = "UPDATE sessions SET address = NULL, user_agent = NULL WHERE user_id = $1";
    for statement in [events, sessions] {
        transaction.execute(sqlx::query(statement).bind(user_id)).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock, Timestamp},
        db::{Attempt, Client, Database, NewUser},
        session::{Lifetimes, Registry, SessionId, Standing, State},
    };

    /// A store with one user, `ann`, whose hash is `hash`, and a session of hers.
    async fn store(folder: &tempfile::TempDir) -> (SqlSessionStore, SessionRecord) {
        let url = format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let clock = Clock::manual(Timestamp::from_unix(1_000_000));
        let storage = Database::connect(&url).await.unwrap();
        let store = SqlSessionStore::load(storage, clock).await.unwrap();
        let (session, client) = (session(), Client::default());
        let ann =
            NewUser { id: "ann", email: "ann@a.example", password_hash: "hash", role: "user" };
        assert!(store.sign_up(ann, Some((&session, &client)), None).await.unwrap());
        (store, session)
    }

    fn session() -> SessionRecord {
        let state = State::from_json("{}").unwrap();
        SessionRecord::open(&Lifetimes::default(), Timestamp::from_unix(1_000_000), state)
    }

    #[actix_web::test]
    async fn a_password_is_changed_only_by_a_session_that_is_live_and_from_the_verified_hash() {
        let folder = tempfile::tempdir().unwrap();
        let (store, old) = store(&folder).await;
        let client = Client::default();
        let change = |verified_hash| NewLogin {
            user_id: "ann",
            verified_hash,
            password_hash: "new",
            replaces: Some(&old.id),
            client: &client,
            attempt: None,
        };
        let changed = async |hash| store.change_password(change(hash), &session()).await.unwrap();
        assert_eq!(changed("another").await, NewPassword::OtherHash);
        assert_eq!(store.standing(&old.id), Standing::Live);
        assert_eq!(changed("hash").await, NewPassword::Done);
        assert_eq!(store.standing(&old.id), Standing::Revoked);
        // The session that asks has ended in the meantime.
        assert_eq!(changed("new").await, NewPassword::SessionOver);
        assert_eq!(store.live("ann", &SessionId::random(), 9, 0).await.unwrap().len(), 1);
    }

    /// The password was right, but while it was verified, others were wrong.
    #[actix_web::test]
    async fn a_change_that_has_come_too_early_in_the_meantime_changes_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let (store, old) = store(&folder).await;
        let attempt = Attempt {
            account: "ann's".to_owned(),
            network: "192.0.2.7".to_owned(),
            retry_at: |_, now| Some(now),
        };
        let change = NewLogin {
            user_id: "ann",
            verified_hash: "hash",
            password_hash: "new",
            replaces: Some(&old.id),
            client: &Client::default(),
            attempt: Some(&attempt),
        };
        let changed = store.change_password(change, &session()).await.unwrap();
        assert_eq!(changed, NewPassword::Throttled(Timestamp::from_unix(1_000_000)));
        assert_eq!(store.standing(&old.id), Standing::Live);
        assert_eq!(store.live("ann", &SessionId::random(), 9, 0).await.unwrap().len(), 1);
    }

    #[actix_web::test]
    async fn an_account_is_deleted_only_with_the_verified_hash() {
        let folder = tempfile::tempdir().unwrap();
        let (store, session) = store(&folder).await;
        let another = store.delete_user("ann", Some("another"), "admin").await.unwrap();
        assert_eq!(another, Deletion::NoSuchUser);
        assert_eq!(store.standing(&session.id), Standing::Live);
        let verified = store.delete_user("ann", Some("hash"), "admin").await.unwrap();
        assert_eq!(verified, Deletion::Done);
        assert_eq!(store.standing(&session.id), Standing::Revoked);
    }
}
