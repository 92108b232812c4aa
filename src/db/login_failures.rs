//! Counts of wrong passwords, per account and network.

use std::time::Duration;

use sqlx::{Row, any::AnyRow};
use waxseal_session::Timestamp;
use waxseal_session_sqlx::{
    Client, DatabaseError, SessionTransaction, SqlQuery, retry_lock_conflict,
};

use super::{
    account_store::AccountStore,
    login_events::{self, Outcome},
    outbox::{self, SecretMail},
};
use crate::domain::UserId;

/// The `network` of the row that counts an account's failures from anywhere.
const ANYWHERE: &str = "";

/// How long failures count after the last one: a day.
pub(super) const FAILURE_RETENTION: Duration = Duration::from_secs(86_400);

/// An attempt to log in, or to confirm the password on another form.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// A hash of the email address.
    pub account: String,
    /// The network of the client.
    pub network: String,
    /// The throttling rule: given the failures and the time, when the wait ends; `None` if there is none.
    pub retry_at: fn(&Tally, Timestamp) -> Option<Timestamp>,
}

/// Wrong passwords since the last right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// Their number.
    pub number: i64,
    /// The time of the last one.
    pub last_at: Timestamp,
}

/// The failures on one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// From the network of the attempt.
    pub here: Failures,
    /// From any network.
    pub anywhere: Failures,
}

impl AccountStore {
    /// When an attempt's wait ends; `None` if it need not wait.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn retry_at(&self, attempt: &Attempt) -> Result<Option<Timestamp>, DatabaseError> {
        let now = self.clock.now();
        let rows = self.database.fetch_all(tally_of(attempt)).await?;
        Ok((attempt.retry_at)(&Tally::read(&rows, now)?, now))
    }

    /// Counts a wrong password and records it in the history; `user_id` is `None` if no account has the
    /// address. If concurrent failures mean that the attempt has to wait, this records nothing and
    /// returns when the wait ends, and the client must not learn that the password was wrong.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing is recorded then.
    pub async fn record_failure(
        &self,
        attempt: &Attempt,
        user_id: Option<UserId>,
        client: &Client,
    ) -> Result<Option<Timestamp>, DatabaseError> {
        self.record_failure_with(attempt, user_id, client, None).await
    }

    /// The same, with a mail whose reason the client must not learn either.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing is recorded then.
    pub async fn record_failure_with(
        &self,
        attempt: &Attempt,
        user_id: Option<UserId>,
        client: &Client,
        mail: Option<&SecretMail>,
    ) -> Result<Option<Timestamp>, DatabaseError> {
        let record = || self.try_record_failure(attempt, user_id, client, mail);
        let until = retry_lock_conflict(record).await?;
        if mail.is_some() {
            self.mail_queued.notify_one();
        }
        Ok(until)
    }

    async fn try_record_failure(
        &self,
        attempt: &Attempt,
        user_id: Option<UserId>,
        client: &Client,
        mail: Option<&SecretMail>,
    ) -> Result<Option<Timestamp>, DatabaseError> {
        let now = self.clock.now();
        let mut transaction = self.sessions.begin().await?;
        let account = &attempt.account;
        // Always in this order, so that two attempts can't deadlock.
        let anywhere = lock_failures(&mut transaction, account, ANYWHERE, now).await?;
        let here = lock_failures(&mut transaction, account, &attempt.network, now).await?;
        if let Some(until) = (attempt.retry_at)(&Tally { here, anywhere }, now) {
            return Ok(Some(until));
        }
        for (network, failures) in [(ANYWHERE, anywhere), (&attempt.network, here)] {
            let count = sqlx::query(
                "UPDATE login_failures SET failures = $1, last_at = $2
                 WHERE account = $3 AND network = $4",
            )
            .bind(failures.number + 1)
            .bind(now.as_unix())
            .bind(account)
            .bind(network);
            transaction.execute(count).await?;
        }
        login_events::record(&mut transaction, user_id, client, now, Outcome::Refused).await?;
        if let Some(mail) = mail {
            outbox::queue_secretly(&mut transaction, mail, now).await?;
        }
        transaction.commit().await?;
        Ok(None)
    }
}

/// Clears the failures from this network after a right password: they count as the owner's own. Failures
/// from elsewhere stay, because an attacker whose wait ends early would learn that the account exists
/// and when its owner logs in. If concurrent failures mean that the attempt has to wait, this clears
/// nothing and returns when the wait ends.
pub(super) async fn reset_failures(
    transaction: &mut SessionTransaction,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<Option<Timestamp>, DatabaseError> {
    let rows = transaction.fetch_all(tally_of(attempt)).await?;
    let tally = Tally::read(&rows, now)?;
    let retry_at = (attempt.retry_at)(&tally, now);
    if retry_at.is_none() && tally.here.number > 0 {
        // In the same order as in `record_failure`.
        let subtract = sqlx::query(
            "UPDATE login_failures SET failures =
                CASE WHEN failures > $1 THEN failures - $1 ELSE 0 END
             WHERE account = $2 AND network = $3",
        )
        .bind(tally.here.number)
        .bind(&attempt.account)
        .bind(ANYWHERE);
        transaction.execute(subtract).await?;
        let delete = sqlx::query("DELETE FROM login_failures WHERE account = $1 AND network = $2")
            .bind(&attempt.account)
            .bind(&attempt.network);
        transaction.execute(delete).await?;
    }
    Ok(retry_at)
}

/// Clears an account's failures from everywhere: setting a password by a link proves the owner. Returns whether
/// there were any.
pub(super) async fn forget_failures(
    transaction: &mut SessionTransaction,
    account: &str,
) -> Result<bool, DatabaseError> {
    // In the same order as in `record_failure`, which locks this row first.
    let mut forgotten = false;
    for sql in [
        "DELETE FROM login_failures WHERE account = $1 AND network = '' RETURNING failures",
        "DELETE FROM login_failures WHERE account = $1 RETURNING failures",
    ] {
        for row in transaction.fetch_all(sqlx::query(sql).bind(account)).await? {
            forgotten |= row.try_get::<i64, _>("failures")? > 0;
        }
    }
    Ok(forgotten)
}

fn tally_of(attempt: &Attempt) -> SqlQuery<'_> {
    sqlx::query(
        "SELECT network, failures, last_at FROM login_failures
         WHERE account = $1 AND network IN ($2, $3)",
    )
    .bind(&attempt.account)
    .bind(ANYWHERE)
    .bind(&attempt.network)
}

impl Failures {
    const NONE: Self = Self { number: 0, last_at: Timestamp::MIN };

    /// Reads a row; failures older than [`FAILURE_RETENTION`] don't count.
    fn read(row: &AnyRow, now: Timestamp) -> Result<Self, DatabaseError> {
        let last_at = Timestamp::from_unix(row.try_get("last_at")?);
        if now.since(last_at) >= FAILURE_RETENTION {
            return Ok(Self::NONE);
        }
        Ok(Self { number: row.try_get("failures")?, last_at })
    }
}

impl Tally {
    fn read(rows: &[AnyRow], now: Timestamp) -> Result<Self, DatabaseError> {
        let mut tally = Self { here: Failures::NONE, anywhere: Failures::NONE };
        for row in rows {
            let failures = Failures::read(row, now)?;
            match row.try_get::<String, _>("network")?.as_str() {
                ANYWHERE => tally.anywhere = failures,
                _ => tally.here = failures,
            }
        }
        Ok(tally)
    }
}

/// Reads a row, inserts it if it is missing, and locks it until the transaction ends.
async fn lock_failures(
    transaction: &mut SessionTransaction,
    account: &str,
    network: &str,
    now: Timestamp,
) -> Result<Failures, DatabaseError> {
    let upsert = sqlx::query(
        "INSERT INTO login_failures (account, network, failures, last_at) VALUES ($1, $2, 0, $3)
         ON CONFLICT (account, network) DO UPDATE SET account = excluded.account
         RETURNING failures, last_at",
    )
    .bind(account)
    .bind(network)
    .bind(now.as_unix());
    let rows = transaction.fetch_all(upsert).await?;
    let row = rows.first().map(|row| Failures::read(row, now));
    row.transpose()?.ok_or(DatabaseError::Corrupt("count of failures"))
}
