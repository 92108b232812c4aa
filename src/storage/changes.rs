//! What changes an account and ends its sessions, in one transaction: password, role, deletion.

use sqlx::{AnyConnection, Row};

use super::{
    error::StorageError,
    logins::NewLogin,
    session_rows::{self, Ended, revoke_all},
    session_store::SessionStore,
};
use crate::session::SessionRecord;

/// How a change of role ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleChange {
    /// The user has the role now. Where that is a change, the user's sessions have ended.
    Done,
    /// There is no such user.
    NoSuchUser,
    /// Nobody would have the protected role any more; nothing was changed.
    LastOne,
}

/// How a deletion ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deletion {
    /// The user, and every session and the history of log-ins, are gone.
    Done,
    /// There is no such user, or the password is not the verified one any more.
    NoSuchUser,
    /// Nobody would have the protected role any more; nothing was changed.
    LastOne,
}

impl SessionStore {
    /// Changes a password, ends all sessions of the user and opens `session` in their place.
    /// `false`, and nothing is changed, when the password is not the verified one any more.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn change_password(
        &self,
        change: NewLogin<'_>,
        session: &SessionRecord,
    ) -> Result<bool, StorageError> {
        let mut transaction = self.storage.write().await?;
        let changed =
            sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
                .bind(change.password_hash)
                .bind(change.user_id)
                .bind(change.verified_hash)
                .execute(&mut *transaction)
                .await?;
        if changed.rows_affected() == 0 {
            return Ok(false);
        }
        let ended = revoke_all(&mut transaction, change.user_id, None, self.clock.now()).await?;
        // The session that asked for it must have been live until now.
        if !change.replaces.is_none_or(|id| ended.iter().any(|session| session.id == *id)) {
            return Ok(false);
        }
        session_rows::insert(&mut transaction, session, Some(change.user_id), Some(change.client))
            .await?;
        transaction.commit().await?;
        self.feed.note(&ended);
        Ok(true)
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
    ) -> Result<Deletion, StorageError> {
        let mut transaction = self.storage.write().await?;
        if is_last(&mut transaction, user_id, protected).await? {
            return Ok(Deletion::LastOne);
        }
        let deleted =
            sqlx::query("DELETE FROM users WHERE id = $1 AND ($2 = '' OR password_hash = $2)")
                .bind(user_id)
                .bind(verified_hash.unwrap_or_default())
                .execute(&mut *transaction)
                .await?;
        if deleted.rows_affected() == 0 {
            return Ok(Deletion::NoSuchUser);
        }
        let ended = revoke_all(&mut transaction, user_id, None, self.clock.now()).await?;
        forget(&mut transaction, user_id).await?;
        transaction.commit().await?;
        self.feed.note(&ended);
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
    ) -> Result<RoleChange, StorageError> {
        let mut transaction = self.storage.write().await?;
        if role != protected && is_last(&mut transaction, user_id, protected).await? {
            return Ok(RoleChange::LastOne);
        }
        let changed = sqlx::query("UPDATE users SET role = $1 WHERE id = $2 AND role <> $1")
            .bind(role)
            .bind(user_id)
            .execute(&mut *transaction)
            .await?;
        let mut ended: Vec<Ended> = Vec::new();
        if changed.rows_affected() == 1 {
            ended = revoke_all(&mut transaction, user_id, None, self.clock.now()).await?;
        } else if !exists(&mut transaction, user_id).await? {
            return Ok(RoleChange::NoSuchUser);
        }
        transaction.commit().await?;
        self.feed.note(&ended);
        Ok(RoleChange::Done)
    }
}

/// Whether this user is the only one with this role.
///
/// An update that changes nothing, for the lock: of two transactions that would each take away
/// one of the last two, the second waits and then sees what the first has done.
async fn is_last(
    transaction: &mut AnyConnection,
    user_id: &str,
    role: &str,
) -> Result<bool, StorageError> {
    let holders = sqlx::query("UPDATE users SET role = role WHERE role = $1 RETURNING id")
        .bind(role)
        .fetch_all(&mut *transaction)
        .await?;
    let ids = holders.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
    Ok(ids == [user_id])
}

async fn exists(transaction: &mut AnyConnection, user_id: &str) -> Result<bool, StorageError> {
    let row = sqlx::query("SELECT id FROM users WHERE id = $1")
        .bind(user_id)
        .fetch_optional(&mut *transaction)
        .await?;
    Ok(row.is_some())
}

/// Takes what is personal out of what is left of a user.
async fn forget(transaction: &mut AnyConnection, user_id: &str) -> Result<(), StorageError> {
    sqlx::query("DELETE FROM login_events WHERE user_id = $1")
        .bind(user_id)
        .execute(&mut *transaction)
        .await?;
    sqlx::query("UPDATE sessions SET address = NULL, user_agent = NULL WHERE user_id = $1")
        .bind(user_id)
        .execute(&mut *transaction)
        .await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        clock::{Clock, Timestamp},
        session::{Lifetimes, Registry, Standing, State},
        storage::{Client, NewUser, Storage},
    };

    /// A store with one user, `ann`, whose hash is `hash`, and a session of hers.
    async fn store(folder: &tempfile::TempDir) -> (SessionStore, SessionRecord) {
        let url = format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let clock = Clock::manual(Timestamp::from_unix(1_000_000));
        let storage = Storage::connect(&url).await.unwrap();
        let store = SessionStore::load(storage, clock).await.unwrap();
        let (session, client) = (session(), Client::default());
        let ann =
            NewUser { id: "ann", email: "ann@a.example", password_hash: "hash", role: "user" };
        assert!(store.sign_up(ann, Some((&session, &client)), None).await.unwrap());
        (store, session)
    }

    fn session() -> SessionRecord {
        let state = State::from_json("{}".to_owned()).unwrap();
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
        };
        assert!(!store.change_password(change("another"), &session()).await.unwrap());
        assert_eq!(store.standing(&old.id), Standing::Live);
        assert!(store.change_password(change("hash"), &session()).await.unwrap());
        assert_eq!(store.standing(&old.id), Standing::Revoked);
        // The session that asks has ended in the meantime.
        assert!(!store.change_password(change("new"), &session()).await.unwrap());
        assert_eq!(store.live("ann").await.unwrap().len(), 1);
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
