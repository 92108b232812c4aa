//! Wrong passwords, counted: on whose account, and from where.

use std::collections::BTreeSet;

use sqlx::{Row, any::AnyRow};

use super::{access::Write, connect::Storage, error::StorageError};
use crate::clock::Timestamp;

/// The row that counts an account's failures from anywhere.
const ANYWHERE: &str = "";

/// Somebody tries a password.
#[derive(Debug, Clone)]
pub struct Attempt {
    /// A fingerprint of the e-mail address.
    pub account: String,
    /// Where it comes from.
    pub network: String,
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

impl Storage {
    /// Counts an attempt as a failure, before anybody knows what it is: a thousand at once are a
    /// thousand. Unless `too_early` says until when to wait, with the failures so far: then nothing
    /// is counted.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is counted then.
    pub async fn count_attempt(
        &self,
        attempt: &Attempt,
        now: Timestamp,
        too_early: impl FnOnce(Tally) -> Option<Timestamp>,
    ) -> Result<Option<Timestamp>, StorageError> {
        let mut transaction = self.write().await?;
        let account = &attempt.account;
        // In this order, so that no two attempts wait for each other.
        let anywhere = lock(&mut transaction, account, ANYWHERE, now).await?;
        let here = lock(&mut transaction, account, &attempt.network, now).await?;
        if let Some(until) = too_early(Tally { here, anywhere }) {
            return Ok(Some(until));
        }
        let count = sqlx::query(
            "UPDATE login_failures SET failures = failures + 1, last_at = $1
             WHERE account = $2 AND network IN ($3, $4)",
        )
        .bind(now.as_unix())
        .bind(account)
        .bind(ANYWHERE)
        .bind(&attempt.network);
        transaction.execute(count).await?;
        transaction.commit().await?;
        Ok(None)
    }

    /// Takes an attempt back that came to nothing through no fault of the person.
    ///
    /// # Errors
    ///
    /// When the database fails; it stays counted then.
    pub async fn uncount_attempt(&self, attempt: &Attempt) -> Result<(), StorageError> {
        let mut transaction = self.write().await?;
        let uncount = sqlx::query(
            "UPDATE login_failures SET failures = failures - 1
             WHERE account = $1 AND network IN ($2, $3) AND failures > 0",
        )
        .bind(&attempt.account)
        .bind(ANYWHERE)
        .bind(&attempt.network);
        transaction.execute(uncount).await?;
        transaction.commit().await
    }

    /// The addresses from which a user has logged in.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn addresses_of(&self, user_id: &str) -> Result<BTreeSet<String>, StorageError> {
        let query = sqlx::query(
            "SELECT DISTINCT address FROM login_events
             WHERE user_id = $1 AND outcome = 'granted' AND address IS NOT NULL",
        )
        .bind(user_id);
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| Ok(row.try_get("address")?)).collect()
    }
}

/// Forgets the failures of an account, here and anywhere: the password was right.
pub(super) async fn forget(transaction: &mut Write, attempt: &Attempt) -> Result<(), StorageError> {
    let delete =
        sqlx::query("DELETE FROM login_failures WHERE account = $1 AND network IN ($2, $3)")
            .bind(&attempt.account)
            .bind(ANYWHERE)
            .bind(&attempt.network);
    transaction.execute(delete).await.map(drop)
}

/// Reads a row, makes it where there is none, and keeps others from it until the transaction's end.
async fn lock(
    transaction: &mut Write,
    account: &str,
    network: &str,
    now: Timestamp,
) -> Result<Failures, StorageError> {
    let upsert = sqlx::query(
        "INSERT INTO login_failures (account, network, failures, last_at) VALUES ($1, $2, 0, $3)
         ON CONFLICT (account, network) DO UPDATE SET account = excluded.account
         RETURNING failures, last_at",
    )
    .bind(account)
    .bind(network)
    .bind(now.as_unix());
    let rows = transaction.fetch_all(upsert).await?;
    rows.first().map(read).transpose()?.ok_or(StorageError::Corrupt("count of failures"))
}

fn read(row: &AnyRow) -> Result<Failures, StorageError> {
    let last_at = Timestamp::from_unix(row.try_get("last_at")?);
    Ok(Failures { number: row.try_get("failures")?, last_at })
}
