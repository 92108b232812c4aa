//! Changes to an account that also end its sessions, in one transaction: password, role, deletion.

use sqlx::{Row, any::AnyRow};
use waxseal_session::{SessionRecord, Timestamp};
use waxseal_session_sqlx::{DatabaseError, retry_lock_conflict};

use super::{
    account_store::AccountStore,
    invitations::withdraw_invitations,
    login_failures::{forget_failures, reset_failures},
    logins::{NewLogin, NewPassword},
    outbox,
    users::{is_last_admin, user_exists},
    waiting_mails,
};
use crate::domain::{
    AccountDeletion, Email, Mail, PasswordChange, PasswordHash, Role, RoleChange, UserId,
};

impl AccountStore {
    /// Changes a password, ends all of the user's sessions and opens `session`. `None`, with nothing
    /// changed, if the verified hash is no longer the stored one.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn change_password(
        &self,
        change: NewLogin<'_>,
        session: SessionRecord,
    ) -> Result<Option<PasswordChange>, DatabaseError> {
        let outcome = retry_lock_conflict(|| self.try_change_password(&change, &session)).await;
        if change.notice.is_some() {
            self.mail_queued.notify_one();
        }
        outcome
    }

    async fn try_change_password(
        &self,
        change: &NewLogin<'_>,
        session: &SessionRecord,
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
        let revoked = match &change.context.replaces {
            Some(old) => transaction.replace_all(&user_id, old, &session.id).await?,
            None => transaction.revoke_all(&user_id, None).await?,
        };
        let mut current = change.context.replaces.iter();
        if !current.all(|id| revoked.iter().any(|session| session.id == *id)) {
            return Ok(Some(PasswordChange::SessionEnded));
        }
        let client = &change.context.client;
        transaction.create(session, Some(&user_id), Some(client)).await?;
        let now = self.clock.now();
        if let Some(until) = reset_failures(&mut transaction, change.attempt, now).await? {
            return Ok(Some(PasswordChange::Throttled(until)));
        }
        waiting_mails::forget_email_changes(&mut transaction, &user_id).await?;
        if let Some(notice) = change.notice {
            outbox::queue(&mut transaction, notice, now).await?;
        }
        transaction.commit().await?;
        Ok(Some(PasswordChange::Done(session.clone())))
    }

    /// Sets a password without the current one, and ends all of the user's sessions. `false`, with nothing
    /// changed, if there is no such user, or what was verified has changed.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn set_password(&self, change: NewPassword<'_>) -> Result<bool, DatabaseError> {
        let changed = retry_lock_conflict(|| self.try_set_password(&change)).await?;
        if changed {
            self.mail_queued.notify_one();
        }
        Ok(changed)
    }

    async fn try_set_password(&self, change: &NewPassword<'_>) -> Result<bool, DatabaseError> {
        let mut transaction = self.sessions.begin().await?;
        let (id, now) = (change.user_id.to_string(), self.clock.now());
        let confirmed_at = change.proves_email.then_some(now.as_unix());
        let set = match change.verified {
            Some((hash, email)) => sqlx::query(
                "UPDATE users SET password_hash = $1,
                    email_confirmed_at = COALESCE(email_confirmed_at, $2)
                 WHERE id = $3 AND password_hash = $4 AND email = $5 AND disabled_at IS NULL",
            )
            .bind(change.password_hash.as_phc())
            .bind(confirmed_at)
            .bind(&id)
            .bind(hash.as_phc())
            .bind(email.as_str()),
            None => sqlx::query(
                "UPDATE users SET password_hash = $1,
                    email_confirmed_at = COALESCE(email_confirmed_at, $2)
                 WHERE id = $3",
            )
            .bind(change.password_hash.as_phc())
            .bind(confirmed_at)
            .bind(&id),
        };
        if transaction.execute(set).await? == 0 {
            return Ok(false);
        }
        forget_failures(&mut transaction, &change.failures_of).await?;
        waiting_mails::forget_email_changes(&mut transaction, &id).await?;
        if let Some(notice) = &change.notice {
            outbox::queue(&mut transaction, notice, now).await?;
        }
        transaction.revoke_all(&id, None).await?;
        transaction.commit().await?;
        Ok(true)
    }

    /// Deletes a user, unless it is the last administrator. With `verified_hash`, only if that is still
    /// the stored hash. The notice must not name the user, whose mails are deleted.
    ///
    /// The rows of the user's sessions stay, revoked and without personal data, while a cookie of them could
    /// be valid.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn delete_user(
        &self,
        user_id: UserId,
        verified_hash: Option<&PasswordHash>,
        notice: Option<&Mail>,
    ) -> Result<AccountDeletion, DatabaseError> {
        let delete = || self.try_delete_user(user_id, verified_hash, notice);
        let outcome = retry_lock_conflict(delete).await;
        if notice.is_some() {
            self.mail_queued.notify_one();
        }
        outcome
    }

    async fn try_delete_user(
        &self,
        user_id: UserId,
        verified_hash: Option<&PasswordHash>,
        notice: Option<&Mail>,
    ) -> Result<AccountDeletion, DatabaseError> {
        let mut transaction = self.sessions.begin().await?;
        if is_last_admin(&mut transaction, user_id).await? {
            return Ok(AccountDeletion::LastAdmin);
        }
        let id = user_id.to_string();
        let delete = match verified_hash {
            None => sqlx::query(
                "DELETE FROM users WHERE id = $1 RETURNING email, previous_email, undo_until",
            )
            .bind(&id),
            Some(hash) => sqlx::query(
                "DELETE FROM users WHERE id = $1 AND password_hash = $2
                 RETURNING email, previous_email, undo_until",
            )
            .bind(&id)
            .bind(hash.as_phc()),
        };
        let Some(deleted) = transaction.fetch_optional(delete).await? else {
            let exists = user_exists(&mut transaction, &id).await?;
            let with_another_hash = AccountDeletion::WrongPassword;
            return Ok(if exists { with_another_hash } else { AccountDeletion::NoSuchUser });
        };
        let (email, now) = (Email::from_stored(deleted.try_get("email")?), self.clock.now());
        withdraw_invitations(&mut transaction, &email, now).await?;
        // Before the notice of this.
        waiting_mails::forget_user(&mut transaction, &id, email.as_str()).await?;
        let history = sqlx::query("DELETE FROM login_events WHERE user_id = $1").bind(&id);
        transaction.execute(history).await?;
        for to in recipients(email, &deleted, now)? {
            let Some(notice) = notice else { break };
            outbox::queue(&mut transaction, &Mail { to, ..notice.clone() }, now).await?;
        }
        transaction.revoke_all(&id, None).await?;
        transaction.erase_personal_data(&id).await?;
        transaction.commit().await?;
        Ok(AccountDeletion::Done)
    }

    /// Sets a user's role, and ends the user's sessions if it changes. The last administrator keeps the
    /// role.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn set_role(&self, user_id: UserId, role: Role) -> Result<RoleChange, DatabaseError> {
        retry_lock_conflict(|| self.try_set_role(user_id, role)).await
    }

    async fn try_set_role(&self, user_id: UserId, role: Role) -> Result<RoleChange, DatabaseError> {
        let mut transaction = self.sessions.begin().await?;
        if role != Role::Admin && is_last_admin(&mut transaction, user_id).await? {
            return Ok(RoleChange::LastAdmin);
        }
        let id = user_id.to_string();
        let update = sqlx::query("UPDATE users SET role = $1 WHERE id = $2 AND role <> $1")
            .bind(role.as_str())
            .bind(&id);
        if transaction.execute(update).await? == 0 {
            let exists = user_exists(&mut transaction, &id).await?;
            return Ok(if exists { RoleChange::Unchanged } else { RoleChange::NoSuchUser });
        }
        transaction.revoke_all(&id, None).await?;
        transaction.commit().await?;
        Ok(RoleChange::Done)
    }
}

/// Who is told that an account is deleted: its address, and the one before while its owner could undo the
/// change. A thief who changed it may delete the account next.
fn recipients(email: Email, deleted: &AnyRow, now: Timestamp) -> Result<Vec<Email>, DatabaseError> {
    let undo_until: Option<i64> = deleted.try_get("undo_until")?;
    let previous: Option<String> = deleted.try_get("previous_email")?;
    let previous = previous.filter(|_| undo_until.is_some_and(|until| now.as_unix() < until));
    Ok([email].into_iter().chain(previous.map(Email::from_stored)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::{
            Attempt, LoginContext,
            testing::{Fixture, attempt, session},
        },
        domain::MailContent,
    };
    use waxseal_session::{RevocationStatus, SessionStore, Timestamp};

    /// Ann changes her password in her first session.
    async fn change(fixture: &Fixture, hash: &str, attempt: &Attempt) -> Option<PasswordChange> {
        let context = LoginContext { replaces: Some(fixture.session), ..LoginContext::default() };
        let change = NewLogin {
            user_id: fixture.ann,
            verified_hash: &PasswordHash::from_phc(hash),
            password_hash: &PasswordHash::from_phc("new"),
            context: &context,
            attempt,
            notice: None,
        };
        fixture.store.change_password(change, session()).await.unwrap()
    }

    fn status(fixture: &Fixture) -> RevocationStatus {
        fixture.store.sessions().revocation_status(&fixture.session)
    }

    #[actix_web::test]
    async fn changing_a_password_requires_a_live_session_and_the_verified_hash() {
        let fixture = Fixture::new().await;
        let changed = async |hash| change(&fixture, hash, &attempt()).await;
        assert!(changed("another").await.is_none());
        assert_eq!(status(&fixture), RevocationStatus::Active);
        let Some(PasswordChange::Done(new)) = changed("hash").await else { panic!("refused") };
        assert_eq!(status(&fixture), RevocationStatus::Replaced { by: new.id });
        // That change ended the session that asks.
        assert!(matches!(changed("new").await, Some(PasswordChange::SessionEnded)));
        assert_eq!(fixture.live_sessions().await, 1);
    }

    /// A thief who knew the old password may have asked for it, and the link would name the new password.
    #[actix_web::test]
    async fn a_link_to_a_new_address_that_waits_is_forgotten_with_the_password() {
        for is_own in [true, false] {
            let fixture = Fixture::new().await;
            let (store, content) = (&fixture.store, MailContent::ChangeEmail);
            let to = "bo@example.com".parse().unwrap();
            store.queue_mail(&Mail { to, user_id: Some(fixture.ann), content }).await.unwrap();
            if is_own {
                let changed = change(&fixture, "hash", &attempt()).await;
                assert!(matches!(changed, Some(PasswordChange::Done(_))));
            } else {
                let change = NewPassword {
                    user_id: fixture.ann,
                    verified: None,
                    password_hash: &PasswordHash::from_phc("new"),
                    proves_email: false,
                    failures_of: String::new(),
                    notice: None,
                };
                assert!(store.set_password(change).await.unwrap());
            }
            assert_eq!(store.outbox_status().await.unwrap().waiting, 0, "{is_own}");
        }
    }

    /// The password is right, but other attempts failed while it was verified.
    #[actix_web::test]
    async fn a_throttled_change_of_password_changes_nothing() {
        let fixture = Fixture::new().await;
        let attempt = Attempt { retry_at: |_, now| Some(now), ..attempt() };
        let changed = change(&fixture, "hash", &attempt).await;
        let until = Timestamp::from_unix(1_000_000);
        assert!(matches!(changed, Some(PasswordChange::Throttled(then)) if then == until));
        assert_eq!(status(&fixture), RevocationStatus::Active);
        assert_eq!(fixture.live_sessions().await, 1);
    }

    #[actix_web::test]
    async fn a_link_sets_a_password_of_the_account_as_it_was_and_proves_the_address() {
        let Fixture { store, ann, .. } = &Fixture::new().await;
        let set = async |hash: &str, email: &str| {
            let (hash, email) = (PasswordHash::from_phc(hash), email.parse().unwrap());
            let change = NewPassword {
                user_id: *ann,
                verified: Some((&hash, &email)),
                password_hash: &PasswordHash::from_phc("new"),
                proves_email: true,
                failures_of: String::new(),
                notice: None,
            };
            store.set_password(change).await.unwrap()
        };
        let confirmed_at = async || store.user(*ann).await.unwrap().unwrap().email_confirmed_at;
        let email = "ann@example.com";
        assert!(!set("another", email).await);
        assert!(!set("hash", "ann@example.org").await);
        store.disable_user(*ann).await.unwrap();
        assert!(!set("hash", email).await);
        store.enable_user(*ann).await.unwrap();
        assert_eq!(confirmed_at().await, None);
        assert!(set("hash", email).await);
        let first = Some(Timestamp::from_unix(1_000_000));
        assert_eq!(confirmed_at().await, first);
        store.clock.advance(std::time::Duration::from_secs(7));
        assert!(set("new", email).await);
        assert_eq!(confirmed_at().await, first);
    }

    #[actix_web::test]
    async fn deleting_an_account_requires_the_verified_hash() {
        let fixture = Fixture::new().await;
        let delete = async |hash| {
            let hash = PasswordHash::from_phc(hash);
            fixture.store.delete_user(fixture.ann, Some(&hash), None).await.unwrap()
        };
        assert_eq!(delete("another").await, AccountDeletion::WrongPassword);
        assert_eq!(status(&fixture), RevocationStatus::Active);
        assert_eq!(delete("hash").await, AccountDeletion::Done);
        assert_eq!(status(&fixture), RevocationStatus::Revoked);
        // Of two at once, the second finds no one.
        assert_eq!(delete("hash").await, AccountDeletion::NoSuchUser);
        let again = fixture.store.delete_user(fixture.ann, None, None).await.unwrap();
        assert_eq!(again, AccountDeletion::NoSuchUser);
    }
}
