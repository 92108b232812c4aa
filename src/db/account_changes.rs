//! What changes an account and ends its sessions, in one transaction: password, role, deletion.

use sqlx::Row;
use waxseal_session::SessionRecord;
use waxseal_session_sqlx::{DatabaseError, SessionTransaction};

use super::{account_store::AccountStore, login_failures::reset_failures, logins::NewLogin};
use crate::domain::{AccountDeletion, PasswordChange, PasswordHash, Role, RoleChange, UserId};

impl AccountStore {
    /// Changes a password, ends all sessions of the user and opens `session` in their place. `None`,
    /// and nothing is changed, when the verified hash is no longer the user's.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn change_password(
        &self,
        change: NewLogin<'_>,
        session: SessionRecord,
    ) -> Result<Option<PasswordChange>, DatabaseError> {
        let mut transaction = self.sessions.begin().await?;
        let user_id = change.user_id.to_string();
        let update =
            sqlx::query("UPDATE users SET password_hash = $1 WHERE id = $2 AND password_hash = $3")
                .bind(change.password_hash.as_phc())
                .bind(&user_id)
                .bind(change.verified_hash.as_phc());
        if transaction.execute(update).await? == 0 {
            return Ok(None);
        }
        let revoked = transaction.revoke_all(&user_id, None).await?;
        let mut asking = change.context.replaces.iter();
        if !asking.all(|id| revoked.iter().any(|session| session.id == *id)) {
            return Ok(Some(PasswordChange::SessionOver));
        }
        let client = &change.context.client;
        transaction.create(&session, Some(&user_id), Some(client)).await?;
        let now = self.clock.now();
        if let Some(until) = reset_failures(&mut transaction, change.attempt, now).await? {
            return Ok(Some(PasswordChange::Throttled(until)));
        }
        transaction.commit().await?;
        Ok(Some(PasswordChange::Done(session)))
    }

    /// Deletes a user; with a hash, only if that is still the password's. The last administrator stays.
    ///
    /// The rows of the sessions stay until they would have expired, revoked and without anything
    /// personal.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn delete_user(
        &self,
        user_id: UserId,
        verified_hash: Option<&PasswordHash>,
    ) -> Result<AccountDeletion, DatabaseError> {
        let mut transaction = self.sessions.begin().await?;
        if is_last_admin(&mut transaction, user_id).await? {
            return Ok(AccountDeletion::LastAdmin);
        }
        let id = user_id.to_string();
        let (delete, otherwise) = match verified_hash {
            None => (sqlx::query("DELETE FROM users WHERE id = $1"), AccountDeletion::NoSuchUser),
            Some(_) => (
                sqlx::query("DELETE FROM users WHERE id = $1 AND password_hash = $2"),
                AccountDeletion::WrongPassword,
            ),
        };
        let mut delete = delete.bind(&id);
        if let Some(hash) = verified_hash {
            delete = delete.bind(hash.as_phc());
        }
        if transaction.execute(delete).await? == 0 {
            return Ok(otherwise);
        }
        let history = sqlx::query("DELETE FROM login_events WHERE user_id = $1").bind(&id);
        transaction.execute(history).await?;
        transaction.revoke_all(&id, None).await?;
        transaction.forget_user(&id).await?;
        transaction.commit().await?;
        Ok(AccountDeletion::Done)
    }

    /// Gives a user a role, and ends the user's sessions if that is another one than before. The last
    /// administrator stays one.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn set_role(&self, user_id: UserId, role: Role) -> Result<RoleChange, DatabaseError> {
        let mut transaction = self.sessions.begin().await?;
        if role != Role::Admin && is_last_admin(&mut transaction, user_id).await? {
            return Ok(RoleChange::LastAdmin);
        }
        let id = user_id.to_string();
        let update = sqlx::query("UPDATE users SET role = $1 WHERE id = $2 AND role <> $1")
            .bind(role.as_str())
            .bind(&id);
        if transaction.execute(update).await? == 1 {
            transaction.revoke_all(&id, None).await?;
        } else if !exists(&mut transaction, &id).await? {
            return Ok(RoleChange::NoSuchUser);
        }
        transaction.commit().await?;
        Ok(RoleChange::Done)
    }
}

/// Whether this user is the only administrator.
///
/// An update that changes nothing, for the lock: of two transactions that would each take away one of
/// the last two, the second waits and then sees what the first has done.
async fn is_last_admin(
    transaction: &mut SessionTransaction,
    user_id: UserId,
) -> Result<bool, DatabaseError> {
    let query = sqlx::query("UPDATE users SET role = role WHERE role = $1 RETURNING id")
        .bind(Role::Admin.as_str());
    let admins = transaction.fetch_all(query).await?;
    let ids = admins.iter().map(|row| row.try_get("id")).collect::<Result<Vec<String>, _>>()?;
    Ok(ids == [user_id.to_string()])
}

async fn exists(
    transaction: &mut SessionTransaction,
    user_id: &str,
) -> Result<bool, DatabaseError> {
    let query = sqlx::query("SELECT id FROM users WHERE id = $1").bind(user_id);
    Ok(transaction.fetch_optional(query).await?.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::db::{
        Attempt, LoginContext,
        testing::{World, attempt, session},
    };
    use waxseal_session::{RevocationStatus, SessionStore, Timestamp};

    /// Ann changes her password, in the session that she had at first.
    async fn change(world: &World, hash: &str, attempt: &Attempt) -> Option<PasswordChange> {
        let context = LoginContext { replaces: Some(world.session), ..LoginContext::default() };
        let change = NewLogin {
            user_id: world.ann,
            verified_hash: &PasswordHash::from_phc(hash),
            password_hash: &PasswordHash::from_phc("new"),
            context: &context,
            attempt,
        };
        world.store.change_password(change, session()).await.unwrap()
    }

    fn status(world: &World) -> RevocationStatus {
        world.store.sessions().revocation_status(&world.session)
    }

    #[actix_web::test]
    async fn a_password_is_changed_only_by_a_session_that_is_live_and_from_the_verified_hash() {
        let world = World::new().await;
        let changed = async |hash| change(&world, hash, &attempt()).await;
        assert!(changed("another").await.is_none());
        assert_eq!(status(&world), RevocationStatus::Active);
        assert!(matches!(changed("hash").await, Some(PasswordChange::Done(_))));
        assert_eq!(status(&world), RevocationStatus::Revoked);
        // The session that asks has ended meanwhile.
        assert!(matches!(changed("new").await, Some(PasswordChange::SessionOver)));
        assert_eq!(world.live_sessions().await, 1);
    }

    /// The password was right, but while it was verified, others were wrong.
    #[actix_web::test]
    async fn a_change_that_has_come_too_early_in_the_meantime_changes_nothing() {
        let world = World::new().await;
        let attempt = Attempt { retry_at: |_, now| Some(now), ..attempt() };
        let changed = change(&world, "hash", &attempt).await;
        let until = Timestamp::from_unix(1_000_000);
        assert!(matches!(changed, Some(PasswordChange::Throttled(then)) if then == until));
        assert_eq!(status(&world), RevocationStatus::Active);
        assert_eq!(world.live_sessions().await, 1);
    }

    #[actix_web::test]
    async fn an_account_is_deleted_only_with_the_verified_hash() {
        let world = World::new().await;
        let delete = async |hash| {
            let hash = PasswordHash::from_phc(hash);
            world.store.delete_user(world.ann, Some(&hash)).await.unwrap()
        };
        assert_eq!(delete("another").await, AccountDeletion::WrongPassword);
        assert_eq!(status(&world), RevocationStatus::Active);
        assert_eq!(delete("hash").await, AccountDeletion::Done);
        assert_eq!(status(&world), RevocationStatus::Revoked);
        let again = world.store.delete_user(world.ann, None).await.unwrap();
        assert_eq!(again, AccountDeletion::NoSuchUser);
    }
}
