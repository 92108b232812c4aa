//! The sessions' rows, as people see their own, and whoever manages the site everybody's.

use std::cmp::Reverse;

use sqlx::{Row, any::AnyRow};

use super::{error::DatabaseError, session_rows::SessionRow, session_store::SqlSessionStore};
use crate::{
    clock::Timestamp,
    session::{SessionId, State},
};

/// A live session in the list of everybody's.
#[derive(Debug, Clone)]
pub struct ListedSession {
    /// The session.
    pub session: SessionRow,
    /// Its person's e-mail address.
    pub email: Option<String>,
}

/// What is known of a session, whatever has become of it.
#[derive(Debug, Clone)]
pub struct SessionTrace {
    /// Its row.
    pub session: SessionRow,
    /// Its person's e-mail address.
    pub email: Option<String>,
    /// Its state.
    pub state: State,
    /// When it was revoked, if it was.
    pub revoked_at: Option<Timestamp>,
}

impl SqlSessionStore {
    /// The live sessions of a user: this one first, then those that were last seen; `limit` of them
    /// after the first `offset`.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn live(
        &self,
        user_id: &str,
        this: &SessionId,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<SessionRow>, DatabaseError> {
        let query = sqlx::query(
            "SELECT id, user_id, address, user_agent, auth_time, last_seen, expires_at
             FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
             ORDER BY CASE WHEN id = $3 THEN 0 ELSE 1 END, last_seen DESC, id
             LIMIT $4 OFFSET $5",
        )
        .bind(user_id)
        .bind(self.clock.now().as_unix())
        .bind(this.to_string())
        .bind(i64::from(limit))
        .bind(i64::from(offset));
        let rows = self.storage.fetch_all(query).await?;
        let mut sessions =
            rows.iter().map(|row| self.read(row)).collect::<Result<Vec<_>, DatabaseError>>()?;
        // Some were seen again since it was last written.
        sessions
            .sort_by_key(|session| (session.id != *this, Reverse(session.last_seen), session.id));
        Ok(sessions)
    }

    /// The live sessions of a user, or of everybody, the latest log-in first: `limit` of them
    /// after this one, or the first.
    ///
    /// The order is one that using a session does not change, so none is left out because it was
    /// used while somebody read the list.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn live_after(
        &self,
        user_id: Option<&str>,
        after: Option<&ListedSession>,
        limit: u32,
    ) -> Result<Vec<ListedSession>, DatabaseError> {
        let (auth_time, id) = after.map_or((Timestamp::MAX, String::new()), |after| {
            (after.session.auth_time, after.session.id.to_string())
        });
        let query = sqlx::query(
            "SELECT sessions.id AS id, user_id, email, address, user_agent,
                auth_time, last_seen, expires_at
             FROM sessions LEFT JOIN users ON users.id = user_id
             WHERE revoked_at IS NULL AND expires_at > $1 AND ($2 = '' OR user_id = $2)
                AND (auth_time < $3 OR (auth_time = $3 AND sessions.id > $4))
             ORDER BY auth_time DESC, sessions.id LIMIT $5",
        )
        .bind(self.clock.now().as_unix())
        .bind(user_id.unwrap_or_default())
        .bind(auth_time.as_unix())
        .bind(id)
        .bind(i64::from(limit));
        let rows = self.storage.fetch_all(query).await?;
        let read =
            |row| Ok(ListedSession { session: self.read(row)?, email: row.try_get("email")? });
        rows.iter().map(read).collect()
    }

    /// What is known of a session; `None` when there is no row of it, or not any more.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn trace(&self, id: &SessionId) -> Result<Option<SessionTrace>, DatabaseError> {
        let query = sqlx::query(
            "SELECT sessions.id AS id, user_id, email, state, address, user_agent,
                auth_time, last_seen, expires_at, revoked_at
             FROM sessions LEFT JOIN users ON users.id = user_id WHERE sessions.id = $1",
        )
        .bind(id.to_string());
        let row = self.storage.fetch_optional(query).await?;
        let Some(row) = row else { return Ok(None) };
        let revoked_at: Option<i64> = row.try_get("revoked_at")?;
        Ok(Some(SessionTrace {
            session: self.read(&row)?,
            email: row.try_get("email")?,
            state: State::from_json(row.try_get("state")?)
                .map_err(|_| DatabaseError::Corrupt("session state"))?,
            revoked_at: revoked_at.map(Timestamp::from_unix),
        }))
    }

    /// A row, with when the session was seen that is not yet written.
    fn read(&self, row: &AnyRow) -> Result<SessionRow, DatabaseError> {
        let mut session = SessionRow::read(row)?;
        if let Some(seen) = self.last_seen.of(&session.id) {
            session.last_seen = session.last_seen.max(seen);
        }
        Ok(session)
    }
}
