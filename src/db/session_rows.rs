//! The sessions' rows, read, inserted and revoked.

use sqlx::{Row, any::AnyRow};

use super::{access::WriteTransaction, client::Client, error::DatabaseError};
use crate::{
    clock::Timestamp,
    session::{SessionId, SessionRecord},
};

/// A live session.
#[derive(Debug, Clone)]
pub struct SessionRow {
    /// The session's id.
    pub id: SessionId,
    /// Whose it is; none for a visitor's.
    pub user_id: Option<String>,
    /// From where it was opened.
    pub client: Client,
    /// When it began.
    pub auth_time: Timestamp,
    /// When it was last used, as far as this node knows.
    pub last_seen: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// A session that was just revoked, and when it would have expired.
#[derive(Debug, Clone, Copy)]
pub(super) struct RevokedSession {
    pub(super) id: SessionId,
    pub(super) expires_at: Timestamp,
}

impl RevokedSession {
    pub(super) fn read(row: &AnyRow) -> Result<Self, DatabaseError> {
        let expires_at = Timestamp::from_unix(row.try_get("expires_at")?);
        Ok(Self { id: session_id(row)?, expires_at })
    }
}

impl SessionRow {
    pub(super) fn read(row: &AnyRow) -> Result<Self, DatabaseError> {
        Ok(Self {
            id: session_id(row)?,
            user_id: row.try_get("user_id")?,
            client: Client::read(row)?,
            auth_time: Timestamp::from_unix(row.try_get("auth_time")?),
            last_seen: Timestamp::from_unix(row.try_get("last_seen")?),
            expires_at: Timestamp::from_unix(row.try_get("expires_at")?),
        })
    }
}

/// Inserts a session's row.
pub(super) async fn insert(
    transaction: &mut WriteTransaction,
    session: &SessionRecord,
    user_id: Option<&str>,
    client: Option<&Client>,
) -> Result<(), DatabaseError> {
    let query = sqlx::query(
        "INSERT INTO sessions
            (id, user_id, state, auth_time, last_seen, expires_at, address, user_agent)
         VALUES ($1, $2, $3, $4, $4, $5, $6, $7)",
    )
    .bind(session.id.to_string())
    .bind(user_id)
    .bind(session.state.to_json())
    .bind(session.auth_time.as_unix())
    .bind(session.expires_at.as_unix())
    .bind(client.map(|client| client.address.as_str()))
    .bind(client.map(|client| client.user_agent.as_str()));
    transaction.execute(query).await.map(drop)
}

/// Revokes a session, if it is not revoked already.
pub(super) async fn revoke(
    transaction: &mut WriteTransaction,
    id: &SessionId,
    now: Timestamp,
) -> Result<Option<RevokedSession>, DatabaseError> {
    let query = sqlx::query(
        "UPDATE sessions SET revoked_at = $1
         WHERE id = $2 AND revoked_at IS NULL RETURNING id, expires_at",
    )
    .bind(now.as_unix())
    .bind(id.to_string());
    let row = transaction.fetch_optional(query).await?;
    row.as_ref().map(RevokedSession::read).transpose()
}

/// Revokes all sessions of a user but one. Expired ones, too: they could be valid again on a clock
/// that is set back.
pub(super) async fn revoke_all(
    transaction: &mut WriteTransaction,
    user_id: &str,
    but: Option<&SessionId>,
    now: Timestamp,
) -> Result<Vec<RevokedSession>, DatabaseError> {
    lock_user(transaction, user_id).await?;
    let query = sqlx::query(
        "UPDATE sessions SET revoked_at = $1
         WHERE user_id = $2 AND id <> $3 AND revoked_at IS NULL
         RETURNING id, expires_at",
    )
    .bind(now.as_unix())
    .bind(user_id)
    .bind(but.map(ToString::to_string).unwrap_or_default());
    let rows = transaction.fetch_all(query).await?;
    rows.iter().map(RevokedSession::read).collect()
}

/// Lets nobody else open sessions of a user, or end all of them, until the transaction's end. An
/// update that changes nothing: it locks the row on PostgreSQL, where SQLite has one writer anyway.
/// Always before the rows of sessions are locked, so that no two transactions wait for each other.
pub(super) async fn lock_user(
    transaction: &mut WriteTransaction,
    user_id: &str,
) -> Result<(), DatabaseError> {
    let query = sqlx::query("UPDATE users SET role = role WHERE id = $1").bind(user_id);
    transaction.execute(query).await.map(drop)
}

fn session_id(row: &AnyRow) -> Result<SessionId, DatabaseError> {
    let id: String = row.try_get("id")?;
    id.parse().map_err(|_| DatabaseError::Corrupt("session id"))
}
