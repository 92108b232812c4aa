//! Reading a session's row.

use sqlx::{Row, any::AnyRow};
use waxseal_session::{SessionId, State, Timestamp};

use crate::{client::Client, database::DatabaseError};

/// A session's metadata, without its state.
#[derive(Debug, Clone)]
pub struct SessionInfo {
    /// The session's id.
    pub id: SessionId,
    /// The user's id; `None` if no user is logged in.
    pub user_id: Option<String>,
    /// The client that opened it.
    pub client: Client,
    /// When the user logged in, or the session was created.
    pub auth_time: Timestamp,
    /// When it was last used, as far as this node knows.
    pub last_seen: Timestamp,
    /// When it expires unless it is extended.
    pub expires_at: Timestamp,
}

/// The columns that [`SessionInfo::read`] needs.
pub(super) const COLUMNS: &str =
    "id, user_id, address, user_agent, auth_time, last_seen, expires_at";

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

/// Reads the column `state`.
pub(super) fn read_state(row: &AnyRow) -> Result<State, DatabaseError> {
    State::from_json(row.try_get("state")?).map_err(|_| DatabaseError::Corrupt("session state"))
}
