//! Wrong passwords, counted: on whose account, and from where.

use std::time::Duration;

use sqlx::{Row, any::AnyRow};
use waxseal_session::Timestamp;
use waxseal_session_sqlx::{Client, DatabaseError, SessionTransaction, SqlQuery};

use super::{
    account_store::AccountStore,
    login_events::{self, Outcome},
};
use crate::domain::UserId;

/// The row that counts an account's failures from anywhere.
const ANYWHERE: &str = "";

/// How long failures are remembered after the last one: a day.
pub(super) const FAILURE_RETENTION: Duration = Duration::from_secs(86_400);

/// An attempt to use a password.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// A fingerprint of the email address.
    pub account: String,
    /// Where it comes from.
    pub network: String,
    /// Until when it comes too early, after these failures at this time; `None` when it does not.
    pub retry_at: fn(&Tally, Timestamp) -> Option<Timestamp>,
}

/// Wrong passwords since the last right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failures {
    /// How many.
    pub number: i64,
    /// When the last one was.
    pub last_at: Timestamp,
}

/// The failures on one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// From where the attempt comes.
    pub here: Failures,
    /// From anywhere.
    pub anywhere: Failures,
}

impl AccountStore {
    /// Until when an attempt comes too early; `None` when it does not.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn retry_at(&self, attempt: &Attempt) -> Result<Option<Timestamp>, DatabaseError> {
        let now = self.clock.now();
        let rows = self.database.fetch_all(tally_of(attempt)).await?;
        Ok((attempt.retry_at)(&Tally::read(&rows, now)?, now))
    }

    /// Counts an attempt whose password was wrong, and keeps it in the history; `user_id` is `None`
    /// where no account has the address. If other attempts at the same time have made it one that comes
    /// too early, nothing is kept, and the caller does not learn that it was wrong: until when.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is kept then.
    pub async fn record_failure(
        &self,
        attempt: &Attempt,
        user_id: Option<UserId>,
        client: &Client,
    ) -> Result<Option<Timestamp>, DatabaseError> {
        let now = self.clock.now();
        let mut transaction = self.sessions.begin().await?;
        let account = &attempt.account;
        // In this order, so that no two attempts wait for each other.
        let anywhere = lock(&mut transaction, account, ANYWHERE, now).await?;
        let here = lock(&mut transaction, account, &attempt.network, now).await?;
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
        transaction.commit().await?;
        Ok(None)
    }
}

/// Forgets the failures on an account from here, because the password was right: they count as the
/// owner's. Those from elsewhere stay: an attacker whose wait ends early would see that there is an
/// owner, and when they log in. If other attempts at the same time were wrong so often that this one
/// comes too early, nothing is forgotten: until when.
pub(super) async fn reset_failures(
    transaction: &mut SessionTransaction,
    attempt: &Attempt,
    now: Timestamp,
) -> Result<Option<Timestamp>, DatabaseError> {
    let rows = transaction.fetch_all(tally_of(attempt)).await?;
    let tally = Tally::read(&rows, now)?;
    let retry_at = (attempt.retry_at)(&tally, now);
    if retry_at.is_none() && tally.here.number > 0 {
        // In the order in which they are locked when an attempt is counted.
        let fewer = sqlx::query(
            "UPDATE login_failures SET failures =
                CASE WHEN failures > $1 THEN failures - $1 ELSE 0 END
             WHERE account = $2 AND network = $3",
        )
        .bind(tally.here.number)
        .bind(&attempt.account)
        .bind(ANYWHERE);
        transaction.execute(fewer).await?;
        let none = sqlx::query("DELETE FROM login_failures WHERE account = $1 AND network = $2")
            .bind(&attempt.account)
            .bind(&attempt.network);
        transaction.execute(none).await?;
    }
    Ok(retry_at)
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

    /// What is remembered at this time.
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

/// Reads a row, makes it where there is none, and keeps others from it until the transaction's end.
async fn lock(
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
