//! Deletes old rows, in batches so that other writers don't have to wait.

use std::time::Duration;

use waxseal_session::Timestamp;
use waxseal_session_sqlx::{DatabaseError, retry_lock_conflict};

use super::{account_store::AccountStore, login_failures::FAILURE_RETENTION};

/// Rows deleted per transaction.
const BATCH: i64 = 500;

/// How long log-in events are kept: 90 days.
const EVENT_RETENTION: Duration = Duration::from_secs(90 * 86_400);

/// How long operators see a mail that was given up: a week.
const FAILED_MAIL_RETENTION: Duration = Duration::from_secs(7 * 86_400);

/// How long mails are counted: a day.
const MAIL_COUNT_RETENTION: Duration = Duration::from_secs(86_400);

const LOGIN_EVENTS: &str = "DELETE FROM login_events WHERE id IN
        (SELECT id FROM login_events WHERE at < $1 ORDER BY at LIMIT $2)";

const LOGIN_FAILURES: &str = "DELETE FROM login_failures WHERE (account, network) IN
        (SELECT account, network FROM login_failures WHERE last_at < $1 ORDER BY last_at LIMIT $2)
     AND last_at < $1";

const MAILS: &str = "DELETE FROM mails WHERE id IN
        (SELECT id FROM mails WHERE failed_at < $1 ORDER BY failed_at LIMIT $2)";

/// Where no mail is sent, no one gives up what the command line has queued.
const DEAD_MAILS: &str = "DELETE FROM mails WHERE id IN
        (SELECT id FROM mails WHERE dead_at < $1 ORDER BY id LIMIT $2)";

const MAIL_COUNTS: &str = "DELETE FROM mail_counts WHERE recipient IN
        (SELECT recipient FROM mail_counts WHERE first_at < $1 ORDER BY first_at LIMIT $2)
     AND first_at < $1";

const USED_LINKS: &str = "DELETE FROM used_links WHERE id IN
        (SELECT id FROM used_links WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)";

const PREVIOUS_EMAILS: &str =
    "UPDATE users SET previous_email = NULL, undo_until = NULL WHERE id IN
        (SELECT id FROM users WHERE undo_until < $1 ORDER BY undo_until LIMIT $2)
     AND undo_until < $1";

/// The numbers of deleted rows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Log-in events.
    pub login_events: u64,
    /// Counts of failed log-ins.
    pub login_failures: u64,
}

impl AccountStore {
    /// Deletes log-in events older than 90 days, counts of failed log-ins a day after the last failure, and what
    /// is left of old mails and links. Sessions are deleted by the [session store](super::SqlSessionStore::clean_up).
    ///
    /// # Errors
    ///
    /// If the database fails. Batches deleted before that stay deleted.
    pub async fn clean_up(&self) -> Result<Cleaned, DatabaseError> {
        let now = self.clock.earliest();
        for (batch, before) in [
            (MAILS, now - FAILED_MAIL_RETENTION),
            (DEAD_MAILS, now - FAILED_MAIL_RETENTION),
            (MAIL_COUNTS, now - MAIL_COUNT_RETENTION),
            (USED_LINKS, now),
            (PREVIOUS_EMAILS, now),
        ] {
            self.delete(batch, before).await?;
        }
        Ok(Cleaned {
            login_events: self.delete(LOGIN_EVENTS, now - EVENT_RETENTION).await?,
            login_failures: self.delete(LOGIN_FAILURES, now - FAILURE_RETENTION).await?,
        })
    }

    /// Deletes rows older than `before`. Returns how many.
    async fn delete(&self, batch: &'static str, before: Timestamp) -> Result<u64, DatabaseError> {
        let mut deleted = 0;
        loop {
            let rows = retry_lock_conflict(|| self.delete_batch(batch, before)).await?;
            if rows == 0 {
                return Ok(deleted);
            }
            deleted += rows;
            // Lets other writers in.
            tokio::task::yield_now().await;
        }
    }

    async fn delete_batch(
        &self,
        batch: &'static str,
        before: Timestamp,
    ) -> Result<u64, DatabaseError> {
        let mut transaction = self.database.write().await?;
        let query = sqlx::query(batch).bind(before.as_unix()).bind(BATCH);
        let rows = transaction.execute(query).await?;
        transaction.commit().await?;
        Ok(rows)
    }
}
