//! The log-in history.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

use sqlx::{Row, any::AnyRow};
use uuid::{ContextV7, Uuid};
use waxseal_session::Timestamp;
use waxseal_session_sqlx::{Client, DatabaseError, SessionTransaction};

use super::account_store::AccountStore;
use crate::domain::UserId;

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// A session was opened.
    Granted,
    /// The password was wrong.
    Refused,
}

/// An attempt to log in, or to confirm the password on another form.
#[derive(Debug, Clone)]
pub struct LoginEventRow {
    /// The time.
    pub at: Timestamp,
    /// The outcome.
    pub outcome: Outcome,
    /// The client.
    pub client: Client,
}

impl AccountStore {
    /// Lists a user's log-in attempts, newest first: `limit` events after the first `offset`.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn login_events(
        &self,
        user_id: UserId,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<LoginEventRow>, DatabaseError> {
        let query = sqlx::query(
            "SELECT at, outcome, address, user_agent FROM login_events
             WHERE user_id = $1 ORDER BY at DESC, id DESC LIMIT $2 OFFSET $3",
        )
        .bind(user_id.to_string())
        .bind(i64::from(limit))
        .bind(i64::from(offset));
        let rows = self.database.fetch_all(query).await?;
        rows.iter().map(read).collect()
    }

    /// Whether a user has logged in with this browser, as far as the history goes back.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn has_used_browser(
        &self,
        user_id: UserId,
        user_agent: &str,
    ) -> Result<bool, DatabaseError> {
        let query = sqlx::query(
            "SELECT at FROM login_events
             WHERE user_id = $1 AND outcome = 'granted' AND user_agent = $2 LIMIT 1",
        )
        .bind(user_id.to_string())
        .bind(user_agent);
        Ok(self.database.fetch_optional(query).await?.is_some())
    }

    /// The IP addresses from which a user has logged in, each with its first log-in in the history.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn addresses_of(
        &self,
        user_id: UserId,
    ) -> Result<BTreeMap<String, Timestamp>, DatabaseError> {
        let query = sqlx::query(
            "SELECT address, MIN(at) AS first_at FROM login_events
             WHERE user_id = $1 AND outcome = 'granted' AND address IS NOT NULL GROUP BY address",
        )
        .bind(user_id.to_string());
        let rows = self.database.fetch_all(query).await?;
        let read = |row: &AnyRow| {
            Ok((row.try_get("address")?, Timestamp::from_unix(row.try_get("first_at")?)))
        };
        rows.iter().map(read).collect()
    }
}

/// Records an attempt. If the user has just been deleted, it is recorded without a user.
pub(super) async fn record(
    transaction: &mut SessionTransaction,
    user_id: Option<UserId>,
    client: &Client,
    now: Timestamp,
    outcome: Outcome,
) -> Result<(), DatabaseError> {
    let query = sqlx::query(
        "INSERT INTO login_events (id, at, user_id, outcome, address, user_agent)
         VALUES ($1, $2, (SELECT id FROM users WHERE id = $3), $4, $5, $6)",
    )
    .bind(next_id(now).to_string())
    .bind(now.as_unix())
    .bind(user_id.map(|id| id.to_string()))
    .bind(match outcome {
        Outcome::Granted => "granted",
        Outcome::Refused => "refused",
    })
    .bind(client.address.as_str())
    .bind(client.user_agent.as_str());
    transaction.execute(query).await.map(drop)
}

/// Makes an increasing id, which orders events of the same second.
pub(super) fn next_id(now: Timestamp) -> Uuid {
    static ORDER: Mutex<ContextV7> = Mutex::new(ContextV7::new());
    let order = ORDER.lock().unwrap_or_else(PoisonError::into_inner);
    let seconds = now.as_unix().unsigned_abs();
    Uuid::new_v7(uuid::Timestamp::from_unix(&*order, seconds, 0))
}

fn read(row: &AnyRow) -> Result<LoginEventRow, DatabaseError> {
    let outcome: String = row.try_get("outcome")?;
    Ok(LoginEventRow {
        at: Timestamp::from_unix(row.try_get("at")?),
        outcome: match outcome.as_str() {
            "granted" => Outcome::Granted,
            "refused" => Outcome::Refused,
            _ => return Err(DatabaseError::Corrupt("outcome of a log-in")),
        },
        client: Client::from_row(row)?,
    })
}
