//! A session's row, as far as it is read.

use sqlx::{Row, any::AnyRow};
use waxseal_session::{SessionId, Timestamp};

use crate::{client::Client, database::DatabaseError};

/// A session, for those who look at it from outside.
#[derive(Debug, Clone)]
pub struct SessionInfo {
    /// The session's id.
    pub id: SessionId,
    /// Its user; `None` for a visitor's.
    pub user_id: Option<String>,
    /// Where it was opened.
    pub client: Client,
    /// When it began.
    pub auth_time: Timestamp,
    /// When it was last used, as far as this node knows.
    pub last_seen: Timestamp,
    /// When it ends unless it is refreshed.
    pub expires_at: Timestamp,
}

/// A session that was just revoked.
#[derive(Debug, Clone, Copy)]
pub struct RevokedSession {
    /// The session's id.
    pub id: SessionId,
    /// When it would have expired.
    pub expires_at: Timestamp,
}

/// The columns of [`SessionInfo`].
pub(super) const COLUMNS: &str =
    "id, user_id, address, user_agent, auth_time, last_seen, expires_at";

impl RevokedSession {
    pub(super) fn read(row: &AnyRow) -> Result<Self, DatabaseError> {
        let expires_at = Timestamp::from_unix(row.try_get("expires_at")?);
        Ok(Self { id: session_id(row)?, expires_at })
    }
}

impl SessionInfo {
    pub(super) fn read(row: &AnyRow) -> Result<Self, DatabaseError> {
        Ok(Self {
            id: session_id(row)?,
            user_id: row.try_get("user_id")?,
            client: Client::from_row(row)?,
            auth_time: Timestamp::from_unix(row.try_get("auth_time")?),
            last_seen: Timestamp::from_unix(row.try_get("last_seen")?),
            expires_at: Timestamp::from_unix(row.try_get("expires_at")?),
        })
    }
}

fn session_id(row: &AnyRow) -> Result<SessionId, DatabaseError> {
    let id: String = row.try_get("id")?;
    id.parse().map_err(|_| DatabaseError::Corrupt("session id"))
}
