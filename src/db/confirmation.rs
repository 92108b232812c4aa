//! Sign-ups whose address must be confirmed, and the confirmation.

use waxseal_session_sqlx::{DatabaseError, retry_lock_conflict};

use super::{account_store::AccountStore, new_users::NewUser, outbox};
use crate::domain::{Email, Mail, UserId};

impl AccountStore {
    /// Adds a user whose address has no account, without a session, and queues the mail in any case. An account that
    /// exists stays as it is. Returns whether the user was added.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn request_sign_up(
        &self,
        user: NewUser<'_>,
        mail: &Mail,
    ) -> Result<bool, DatabaseError> {
        let request = || async {
            let mut transaction = self.sessions.begin().await?;
            let is_new = self.insert_user(&mut transaction, &user).await?;
            outbox::queue(&mut transaction, mail, self.clock.now()).await?;
            transaction.commit().await?;
            Ok(is_new)
        };
        let is_new = retry_lock_conflict(request).await?;
        self.mail_queued.notify_one();
        Ok(is_new)
    }

    /// Confirms a user's address; `false`, with nothing changed, if it was confirmed before, the user has another
    /// one, or is disabled or gone.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn confirm_email(&self, user: UserId, email: &Email) -> Result<bool, DatabaseError> {
        retry_lock_conflict(|| async {
            let mut transaction = self.database.write().await?;
            let confirm = sqlx::query(
                "UPDATE users SET email_confirmed_at = $1 WHERE id = $2 AND email = $3
                    AND email_confirmed_at IS NULL AND disabled_at IS NULL",
            )
            .bind(self.clock.now().as_unix())
            .bind(user.to_string())
            .bind(email.as_str());
            let confirmed = transaction.execute(confirm).await?;
            transaction.commit().await?;
            Ok(confirmed == 1)
        })
        .await
    }
}
