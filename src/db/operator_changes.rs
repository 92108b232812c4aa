//! What an operator does to an account: set the address, disable, enable, unlock. Each is one transaction.

use waxseal_session_sqlx::{DatabaseError, retry_lock_conflict};

use super::{
    account_store::AccountStore,
    email_changes::{is_kept, is_taken},
    login_failures::forget_failures,
    new_users::confirm,
    outbox,
    users::{is_last_admin, user_exists},
    waiting_mails,
};
use crate::domain::{
    Disabling, Email, EmailSetting, Enabling, Mail, MailContent, MailedAct, User, UserId,
};

impl AccountStore {
    /// Sets a user's address, for whom the operator vouches: it is confirmed, and the change can't be undone by
    /// a link. Ends all of the user's sessions, and with `act`, tells the old address. A user who has the address
    /// already only has it confirmed.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn set_email(
        &self,
        user_id: UserId,
        new: &Email,
        act: Option<&MailedAct>,
    ) -> Result<EmailSetting, DatabaseError> {
        let outcome = retry_lock_conflict(|| self.try_set_email(user_id, new, act)).await;
        self.mail_queued.notify_one();
        match outcome {
            Err(error) if is_taken(&error) => Ok(EmailSetting::EmailTaken),
            outcome => outcome,
        }
    }

    async fn try_set_email(
        &self,
        user_id: UserId,
        new: &Email,
        act: Option<&MailedAct>,
    ) -> Result<EmailSetting, DatabaseError> {
        let (mut transaction, now) = (self.sessions.begin().await?, self.clock.now());
        // The lock: of two operators at once, the second sees what the first has done.
        let lock = sqlx::query("UPDATE users SET email = email WHERE id = $1");
        let id = user_id.to_string();
        transaction.execute(lock.bind(&id)).await?;
        let Some(user) = Self::user_in(&mut transaction, user_id).await? else {
            return Ok(EmailSetting::NoSuchUser);
        };
        let User { email: old, email_version, .. } = user;
        if old == *new {
            confirm(&mut transaction, &id, now.as_unix()).await?;
            transaction.commit().await?;
            return Ok(EmailSetting::Unchanged);
        }
        let version = email_version + 1;
        let update = sqlx::query(
            "UPDATE users SET email = $1, email_confirmed_at = $2, email_version = $3,
                previous_email = NULL, undo_until = NULL WHERE id = $4",
        )
        .bind(new.as_str())
        .bind(now.as_unix())
        .bind(version)
        .bind(&id);
        transaction.execute(update).await?;
        if is_kept(&mut transaction, new, user_id, now).await? {
            return Ok(EmailSetting::EmailTaken);
        }
        waiting_mails::forget_email_changes(&mut transaction, &id).await?;
        if let Some(act) = act {
            let content = MailContent::EmailChanged { new: new.clone(), version, act: act.clone() };
            let notice = Mail { to: old, user_id: Some(user_id), content };
            outbox::queue(&mut transaction, &notice, now).await?;
        }
        transaction.revoke_all(&id, None).await?;
        transaction.commit().await?;
        Ok(EmailSetting::Done)
    }

    /// Disables an account, unless it is the last administrator's, and ends all of its sessions.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn disable_user(&self, user_id: UserId) -> Result<Disabling, DatabaseError> {
        let disable = || async {
            let mut transaction = self.sessions.begin().await?;
            if is_last_admin(&mut transaction, user_id).await? {
                return Ok(Disabling::LastAdmin);
            }
            let id = user_id.to_string();
            let update = sqlx::query(
                "UPDATE users SET disabled_at = $1 WHERE id = $2 AND disabled_at IS NULL",
            )
            .bind(self.clock.now().as_unix())
            .bind(&id);
            if transaction.execute(update).await? == 0 {
                let exists = user_exists(&mut transaction, &id).await?;
                return Ok(if exists { Disabling::Unchanged } else { Disabling::NoSuchUser });
            }
            transaction.revoke_all(&id, None).await?;
            transaction.commit().await?;
            Ok(Disabling::Done)
        };
        retry_lock_conflict(disable).await
    }

    /// Lets a disabled account log in again.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn enable_user(&self, user_id: UserId) -> Result<Enabling, DatabaseError> {
        let enable = || async {
            let mut transaction = self.sessions.begin().await?;
            let id = user_id.to_string();
            let update = sqlx::query(
                "UPDATE users SET disabled_at = NULL WHERE id = $1 AND disabled_at IS NOT NULL",
            );
            if transaction.execute(update.bind(&id)).await? == 0 {
                let exists = user_exists(&mut transaction, &id).await?;
                return Ok(if exists { Enabling::Unchanged } else { Enabling::NoSuchUser });
            }
            transaction.commit().await?;
            Ok(Enabling::Done)
        };
        retry_lock_conflict(enable).await
    }

    /// Forgets the failed log-ins of an account, by [`Attempt::account`](super::Attempt), from everywhere. Returns
    /// whether there were any.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn forget_failures(&self, account: &str) -> Result<bool, DatabaseError> {
        let forget = || async {
            let mut transaction = self.sessions.begin().await?;
            let forgotten = forget_failures(&mut transaction, account).await?;
            transaction.commit().await?;
            Ok(forgotten)
        };
        retry_lock_conflict(forget).await
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::{
        db::{NewUser, testing::Fixture},
        domain::{PasswordHash, Role},
    };

    #[actix_web::test]
    async fn an_address_that_a_user_can_go_back_to_is_no_one_else_s() {
        let Fixture { store, ann, .. } = &Fixture::new().await;
        let (bob, kept) = (UserId::random(), &"ann@example.org".parse::<Email>().unwrap());
        let user = NewUser {
            id: bob,
            email: &"bob@example.com".parse().unwrap(),
            password_hash: &PasswordHash::from_phc("hash"),
            role: Role::User,
        };
        store.add_user(user).await.unwrap();
        let mut transaction = store.database.write().await.unwrap();
        let change = "UPDATE users SET previous_email = $1, undo_until = 1000007 WHERE id = $2";
        let change = sqlx::query(change).bind(kept.as_str()).bind(ann.to_string());
        transaction.execute(change).await.unwrap();
        transaction.commit().await.unwrap();

        let set = async |user| store.set_email(user, kept, None).await.unwrap();
        assert_eq!(set(bob).await, EmailSetting::EmailTaken);
        let email = store.user(bob).await.unwrap().unwrap().email;
        assert_eq!(email.as_str(), "bob@example.com");
        store.clock.advance(Duration::from_secs(7));
        assert_eq!(set(bob).await, EmailSetting::Done);
    }
}
