//! The outbox: mails that are to be sent. One is written in the same transaction as what it tells of; a node
//! claims it, sends it, and deletes it.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{AssertSqlSafe, Row};
use uuid::Uuid;
use waxseal_session::Timestamp;
use waxseal_session_sqlx::{DatabaseError, SessionTransaction, retry_lock_conflict};

use super::{
    account_store::AccountStore,
    queued_mail::{COLUMNS, QueuedMail, read_all},
};
use crate::domain::{Email, Mail};

/// How long one attempt to send may take, before another node may try.
pub const CLAIM: Duration = Duration::from_secs(60);

/// Between two mails of a kind to an address that someone asked for.
const SHORTEST_INTERVAL: Duration = Duration::from_secs(60);

/// Mails of a kind a day to an address.
const PER_DAY: i64 = 5;

const DAY: Duration = Duration::from_secs(86_400);

/// A mail that is perhaps only said to be queued: whether it is must not show.
#[derive(Debug)]
pub struct SecretMail {
    /// The mail.
    pub mail: Mail,
    /// Whether it is to be sent.
    pub is_sent: bool,
}

/// What waits in the outbox.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OutboxStatus {
    /// The mails that are to be sent.
    pub waiting: u64,
    /// How long the oldest has waited.
    pub oldest: Duration,
}

impl AccountStore {
    /// Queues a mail that stands for itself, such as a link that a visitor asked for.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn queue_mail(&self, mail: &Mail) -> Result<(), DatabaseError> {
        let queue = || async {
            let mut transaction = self.sessions.begin().await?;
            queue(&mut transaction, mail, self.clock.now()).await?;
            transaction.commit().await
        };
        retry_lock_conflict(queue).await?;
        self.mail_queued.notify_one();
        Ok(())
    }

    /// Claims up to `limit` mails that are due, oldest first: no other node sends them for a minute.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn claim_mails(&self, limit: u32) -> Result<Vec<QueuedMail>, DatabaseError> {
        let now = self.clock.now();
        let sql = format!(
            "UPDATE mails SET claimed_until = $1, attempts = attempts + 1
             WHERE claimed_until <= $2 AND id IN
                (SELECT id FROM mails WHERE failed_at IS NULL AND due_at <= $2 AND claimed_until <= $2
                 ORDER BY due_at LIMIT $3)
             RETURNING {COLUMNS}"
        );
        let claim = || async {
            let query = sqlx::query(AssertSqlSafe(sql.clone()))
                .bind((now + CLAIM).as_unix())
                .bind(now.as_unix())
                .bind(i64::from(limit));
            let mut transaction = self.database.write().await?;
            let rows = transaction.fetch_all(query).await?;
            transaction.commit().await?;
            Ok(rows)
        };
        Ok(read_all(&retry_lock_conflict(claim).await?))
    }

    /// Deletes a mail that was sent, or that there is nothing to send of any more.
    ///
    /// # Errors
    ///
    /// If the database fails. It is sent again then.
    pub async fn delete_mail(&self, id: Uuid) -> Result<(), DatabaseError> {
        self.change_mail(|| sqlx::query("DELETE FROM mails WHERE id = $1").bind(id.to_string()))
            .await
    }

    /// Has a mail sent again later.
    ///
    /// # Errors
    ///
    /// If the database fails. It is sent again when the claim is over.
    pub async fn retry_mail(
        &self,
        id: Uuid,
        due_at: Timestamp,
        error: &str,
    ) -> Result<(), DatabaseError> {
        self.change_mail(|| {
            sqlx::query(
                "UPDATE mails SET due_at = $1, claimed_until = 0, last_error = $2 WHERE id = $3",
            )
            .bind(due_at.as_unix())
            .bind(error)
            .bind(id.to_string())
        })
        .await
    }

    /// Gives a mail up. Operators see it in the list for a week.
    ///
    /// # Errors
    ///
    /// If the database fails. It is sent again when the claim is over.
    pub async fn give_up_mail(&self, id: Uuid, error: &str) -> Result<(), DatabaseError> {
        let now = self.clock.now().as_unix();
        self.change_mail(|| {
            sqlx::query("UPDATE mails SET failed_at = $1, last_error = $2 WHERE id = $3")
                .bind(now)
                .bind(error)
                .bind(id.to_string())
        })
        .await
    }

    async fn change_mail<'q>(
        &self,
        query: impl Fn() -> waxseal_session_sqlx::SqlQuery<'q>,
    ) -> Result<(), DatabaseError> {
        retry_lock_conflict(|| async {
            let mut transaction = self.database.write().await?;
            transaction.execute(query()).await?;
            transaction.commit().await
        })
        .await
    }

    /// Lists the mails in the outbox, oldest first: those after this id, or the first ones.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn mails_after(
        &self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<QueuedMail>, DatabaseError> {
        let sql = format!("SELECT {COLUMNS} FROM mails WHERE id > $1 ORDER BY id LIMIT $2");
        let after = after.map(|id| id.to_string()).unwrap_or_default();
        let query = sqlx::query(AssertSqlSafe(sql)).bind(after).bind(i64::from(limit));
        Ok(read_all(&self.database.fetch_all(query).await?))
    }

    /// What waits in the outbox.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn outbox_status(&self) -> Result<OutboxStatus, DatabaseError> {
        let query = sqlx::query(
            "SELECT COUNT(*) AS waiting, MIN(created_at) AS oldest FROM mails WHERE failed_at IS NULL",
        );
        let row = self.database.fetch_optional(query).await?;
        let row = row.ok_or(DatabaseError::Corrupt("number of mails"))?;
        let (waiting, oldest): (i64, Option<i64>) =
            (row.try_get("waiting")?, row.try_get("oldest")?);
        let now = self.clock.now();
        Ok(OutboxStatus {
            waiting: waiting.unsigned_abs(),
            oldest: oldest.map_or(Duration::ZERO, |at| now.since(Timestamp::from_unix(at))),
        })
    }
}

/// Queues a mail with what it tells of. One that someone asked for is left out if it is one too many; no one
/// learns that. Returns whether there is one more. After the commit, [`AccountStore::mail_queued`] wakes the
/// mailer.
pub(super) async fn queue(
    transaction: &mut SessionTransaction,
    mail: &Mail,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let Mail { to, content, .. } = mail;
    if content.is_on_request() && !count(transaction, content.kind(), to, now).await? {
        return Ok(false);
    }
    insert(transaction, mail, true, now).await
}

/// Queues a mail that is not counted. Returns whether there is one more.
pub(super) async fn queue_uncounted(
    transaction: &mut SessionTransaction,
    mail: &Mail,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    insert(transaction, mail, true, now).await
}

/// Queues a mail or not, with the same work. One that is not sent is counted by itself, so that it keeps none
/// from being sent.
pub(super) async fn queue_secretly(
    transaction: &mut SessionTransaction,
    SecretMail { mail, is_sent }: &SecretMail,
    now: Timestamp,
) -> Result<(), DatabaseError> {
    let kind = if *is_sent { mail.content.kind() } else { "none" };
    if count(transaction, kind, &mail.to, now).await? {
        insert(transaction, mail, *is_sent, now).await?;
    }
    Ok(())
}

/// Returns whether there is one more.
async fn insert(
    transaction: &mut SessionTransaction,
    Mail { to, user_id, content }: &Mail,
    is_sent: bool,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    // Increasing, so that the list is in order.
    let id = super::login_events::next_id(now);
    let data = json!(content).get("data").cloned().unwrap_or(Value::Null).to_string();
    // Asked for again while one waits: the new one takes its place, also its place in the queue. It is valid
    // for longer, and may be another user's.
    let insert = sqlx::query(
        "INSERT INTO mails (id, kind, user_id, address, data, created_at, due_at, claimed_until,
            attempts, dead_at)
         SELECT $1, $2, $3, $4, $5, $6, $6, 0, 0, $7 WHERE $8 = 1
         ON CONFLICT (kind, address)
            WHERE failed_at IS NULL AND kind IN ('reset', 'sign-up', 'confirm', 'change-email', 'invitation')
         DO UPDATE SET id = $1, user_id = $3, data = $5, created_at = $6, due_at = $6, claimed_until = 0,
            attempts = 0, dead_at = $7, last_error = NULL",
    )
    .bind(id.to_string())
    .bind(content.kind())
    .bind(user_id.map(|id| id.to_string()))
    .bind(to.as_str())
    .bind(data)
    .bind(now.as_unix())
    .bind((now + content.validity()).as_unix())
    .bind(i64::from(is_sent));
    Ok(transaction.execute(insert).await? == 1)
}

/// Counts a mail; `false` if it is one too many. It costs the same whether or not the address has an account.
async fn count(
    transaction: &mut SessionTransaction,
    kind: &str,
    to: &Email,
    now: Timestamp,
) -> Result<bool, DatabaseError> {
    let (minute_ago, day_ago) = (now - SHORTEST_INTERVAL, now - DAY);
    // A count of a time to come is of a clock that was set back.
    let query = sqlx::query(
        "INSERT INTO mail_counts (recipient, mails, first_at, last_at) VALUES ($1, 1, $2, $2)
         ON CONFLICT (recipient) DO UPDATE SET
            mails = CASE WHEN mail_counts.first_at <= $3 OR mail_counts.first_at > $2 THEN 1
                ELSE mail_counts.mails + 1 END,
            first_at = CASE WHEN mail_counts.first_at <= $3 OR mail_counts.first_at > $2 THEN $2
                ELSE mail_counts.first_at END,
            last_at = $2
         WHERE (mail_counts.last_at <= $4 OR mail_counts.last_at > $2)
            AND (mail_counts.mails < $5 OR mail_counts.first_at <= $3 OR mail_counts.first_at > $2)",
    )
    .bind(recipient(kind, to))
    .bind(now.as_unix())
    .bind(day_ago.as_unix())
    .bind(minute_ago.as_unix())
    .bind(PER_DAY);
    Ok(transaction.execute(query).await? == 1)
}

/// A hash: people type other things into that field, passwords among them.
fn recipient(kind: &str, to: &Email) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(format!("waxseal mail {kind} to {to}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        db::testing::{Fixture, empty_store},
        domain::{MailContent, MailedAct, Role},
    };

    fn mail(content: MailContent) -> Mail {
        Mail { to: "bo@example.com".parse().unwrap(), user_id: None, content }
    }

    fn notice(at: i64) -> MailContent {
        let act = MailedAct { at: Timestamp::from_unix(at), from: None };
        MailContent::PasswordChanged { by_link: false, act }
    }

    #[actix_web::test]
    async fn every_kind_is_read_as_it_was_queued() {
        let (store, _folder) = empty_store().await;
        let (new, act) = (
            "new@example.com".parse::<Email>().unwrap(),
            MailedAct { at: Timestamp::from_unix(7), from: None },
        );
        let contents = [
            MailContent::Reset,
            MailContent::SignUp,
            MailContent::Confirm,
            MailContent::ChangeEmail,
            MailContent::EmailChangeRequested { new: new.clone(), act: act.clone() },
            MailContent::EmailChanged { new, version: 3, act: act.clone() },
            notice(7),
            MailContent::NewLogin { act: act.clone() },
            MailContent::AccountDeleted { act },
            MailContent::Invitation { role: Role::Admin },
        ];
        assert_eq!(contents.clone().map(|content| content.kind()), MailContent::KINDS);
        for content in contents {
            store.queue_mail(&mail(content.clone())).await.unwrap();
            let [claimed] = &*store.claim_mails(9).await.unwrap() else { panic!("one is due") };
            assert_eq!(claimed.content.as_ref(), Some(&content));
            let expected = mail(content);
            assert_eq!((&claimed.to, claimed.user_id), (&expected.to, expected.user_id));
        }
    }

    #[actix_web::test]
    async fn a_claimed_mail_is_no_one_else_s_until_the_claim_is_over() {
        let Fixture { store, .. } = &Fixture::new().await;
        store.queue_mail(&mail(notice(7))).await.unwrap();
        assert_eq!(store.claim_mails(9).await.unwrap().len(), 1);
        assert_eq!(store.claim_mails(9).await.unwrap().len(), 0);
        store.clock.advance(CLAIM);
        let [claimed] = &*store.claim_mails(9).await.unwrap() else { panic!("it is due again") };
        assert_eq!(claimed.attempts, 2);
        store.delete_mail(claimed.id).await.unwrap();
        assert_eq!(store.outbox_status().await.unwrap(), OutboxStatus::default());
    }

    #[actix_web::test]
    async fn only_so_many_are_sent_on_request() {
        let (store, _folder) = empty_store().await;
        let ask = async || {
            store.queue_mail(&mail(MailContent::Reset)).await.unwrap();
            let claimed = store.claim_mails(9).await.unwrap();
            for mail in &claimed {
                store.delete_mail(mail.id).await.unwrap();
            }
            claimed.len()
        };
        for _ in 0..PER_DAY {
            assert_eq!([ask().await, ask().await], [1, 0], "one a minute");
            store.clock.advance(SHORTEST_INTERVAL);
        }
        assert_eq!(ask().await, 0, "five a day");
        // Of another kind, and notices, are others.
        store.queue_mail(&mail(MailContent::Confirm)).await.unwrap();
        for at in [1, 2] {
            store.queue_mail(&mail(notice(at))).await.unwrap();
        }
        assert_eq!(store.claim_mails(9).await.unwrap().len(), 3);
        store.clock.advance(DAY);
        assert_eq!(ask().await, 1 + 3);
    }
}
