//! Mails that an act on an account queues or makes useless, apart from the ones that only tell of it.

use waxseal_session_sqlx::{DatabaseError, SessionTransaction, retry_lock_conflict};

use super::{account_store::AccountStore, outbox};
use crate::domain::Mail;

impl AccountStore {
    /// Queues a mail that someone asked for, and if it is not one too many, a notice of that.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn queue_with_notice(
        &self,
        mail: &Mail,
        notice: Option<&Mail>,
    ) -> Result<(), DatabaseError> {
        let queue = || async {
            let (mut transaction, now) = (self.sessions.begin().await?, self.clock.now());
            if outbox::queue(&mut transaction, mail, now).await?
                && let Some(notice) = notice
            {
                outbox::queue(&mut transaction, notice, now).await?;
            }
            transaction.commit().await
        };
        retry_lock_conflict(queue).await?;
        self.mail_queued.notify_one();
        Ok(())
    }
}

/// Deletes the links to new addresses that a user has asked for and that wait: they would be sealed for the
/// account as it is when they are sent.
pub(super) async fn forget_email_changes(
    transaction: &mut SessionTransaction,
    user_id: &str,
) -> Result<(), DatabaseError> {
    let waiting = sqlx::query("DELETE FROM mails WHERE user_id = $1 AND kind = 'change-email'");
    transaction.execute(waiting.bind(user_id)).await.map(drop)
}

/// Deletes what is queued for a user, and for the address.
pub(super) async fn forget_user(
    transaction: &mut SessionTransaction,
    user_id: &str,
    email: &str,
) -> Result<(), DatabaseError> {
    let mails = sqlx::query("DELETE FROM mails WHERE user_id = $1 OR address = $2");
    transaction.execute(mails.bind(user_id).bind(email)).await.map(drop)
}
