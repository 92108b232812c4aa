//! Queries that list, find and count sessions.

use std::{cmp::Reverse, collections::HashMap};

use sqlx::{AssertSqlSafe, Row, any::AnyRow};
use waxseal_session::{SessionId, State, Timestamp};

use crate::{
    database::{DatabaseError, SqlQuery},
    session_info::{COLUMNS, SessionInfo, read_state},
    store::SqlSessionStore,
    transaction::SessionTransaction,
};

/// Ids per query.
const BATCH: usize = 500;

/// A session's full record, live or not.
#[derive(Debug, Clone)]
pub struct SessionDetails {
    /// The session.
    pub session: SessionInfo,
    /// Its state.
    pub state: State,
    /// When it expires at the latest, however often it is refreshed.
    pub latest_expiry: Timestamp,
    /// When it was revoked; `None` if it was not.
    pub revoked_at: Option<Timestamp>,
}

impl SqlSessionStore {
    /// Lists a user's live sessions: `first` if it is among them, then the others, most recently seen
    /// first; `limit` sessions after the first `offset`.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn sessions_of(
        &self,
        user_id: &str,
        first: &SessionId,
        limit: u32,
        offset: u32,
    ) -> Result<Vec<SessionInfo>, DatabaseError> {
        let sql = format!(
            "SELECT {COLUMNS} FROM waxseal_sessions
             WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2
             ORDER BY CASE WHEN id = $3 THEN 0 ELSE 1 END, last_seen DESC, id
             LIMIT $4 OFFSET $5"
        );
        let query = sqlx::query(AssertSqlSafe(sql))
            .bind(user_id)
            .bind(self.clock.now().as_unix())
            .bind(first.to_string())
            .bind(i64::from(limit))
            .bind(i64::from(offset));
        let rows = self.database.fetch_all(query).await?;
        let mut sessions = self.read_all(&rows)?;
        // Some may have been seen again since their times were last written.
        sessions
            .sort_by_key(|session| (session.id != *first, Reverse(session.last_seen), session.id));
        Ok(sessions)
    }

    /// Lists the live sessions of a user, or of all users, latest log-in first: `limit` sessions after
    /// `after`, or the first ones.
    ///
    /// Using a session does not change this order, so reading the list in batches misses none.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn sessions_after(
        &self,
        user_id: Option<&str>,
        after: Option<&SessionInfo>,
        limit: u32,
    ) -> Result<Vec<SessionInfo>, DatabaseError> {
        let (auth_time, id) = after.map_or((Timestamp::MAX, String::new()), |after| {
            (after.auth_time, after.id.to_string())
        });
        let of_user = if user_id.is_some() { "user_id = $5 AND" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS} FROM waxseal_sessions
             WHERE {of_user} revoked_at IS NULL AND expires_at > $1
                AND (auth_time < $2 OR (auth_time = $2 AND id > $3))
             ORDER BY auth_time DESC, id LIMIT $4"
        );
        let mut query = sqlx::query(AssertSqlSafe(sql))
            .bind(self.clock.now().as_unix())
            .bind(auth_time.as_unix())
            .bind(id)
            .bind(i64::from(limit));
        if let Some(user_id) = user_id {
            query = query.bind(user_id);
        }
        self.read_all(&self.database.fetch_all(query).await?)
    }

    /// Finds a session, live or not; `None` if it has no row, or no longer has one.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn find(&self, id: &SessionId) -> Result<Option<SessionDetails>, DatabaseError> {
        let row = self.database.fetch_optional(select_details(id)).await?;
        row.map(|row| SessionDetails::read(&row, self.read(&row)?)).transpose()
    }

    /// Counts the live sessions of each of these users. Users without any are left out.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn count_sessions(
        &self,
        user_ids: &[String],
    ) -> Result<HashMap<String, i64>, DatabaseError> {
        let mut counts = HashMap::new();
        for batch in user_ids.chunks(BATCH) {
            let placeholders: Vec<String> =
                (2..batch.len() + 2).map(|number| format!("${number}")).collect();
            let sql = format!(
                "SELECT user_id, COUNT(*) AS sessions FROM waxseal_sessions
                 WHERE user_id IN ({}) AND revoked_at IS NULL AND expires_at > $1
                 GROUP BY user_id",
                placeholders.join(", ")
            );
            // Not cached as a prepared statement: the text differs for each number of users.
            let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(false);
            query = query.bind(self.clock.now().as_unix());
            for id in batch {
                query = query.bind(id.as_str());
            }
            for row in self.database.fetch_all(query).await? {
                counts.insert(row.try_get("user_id")?, row.try_get("sessions")?);
            }
        }
        Ok(counts)
    }

    fn read_all(&self, rows: &[AnyRow]) -> Result<Vec<SessionInfo>, DatabaseError> {
        rows.iter().map(|row| self.read(row)).collect()
    }

    /// Reads a row, and replaces its last-seen time by the one that is not yet written.
    fn read(&self, row: &AnyRow) -> Result<SessionInfo, DatabaseError> {
        let mut session = SessionInfo::read(row)?;
        if let Some(seen) = self.last_seen.of(&session.id) {
            session.last_seen = session.last_seen.max(seen);
        }
        Ok(session)
    }
}

impl SessionTransaction {
    /// Finds a session, live or not, also one that this transaction has changed; `None` if it has no row.
    /// Its last-seen time may be older than in a list.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn find(&mut self, id: &SessionId) -> Result<Option<SessionDetails>, DatabaseError> {
        let row = self.fetch_optional(select_details(id)).await?;
        row.map(|row| SessionDetails::read(&row, SessionInfo::read(&row)?)).transpose()
    }
}

impl SessionDetails {
    fn read(row: &AnyRow, session: SessionInfo) -> Result<Self, DatabaseError> {
        let revoked_at: Option<i64> = row.try_get("revoked_at")?;
        let revoked_at = revoked_at.map(Timestamp::from_unix);
        let latest_expiry = Timestamp::from_unix(row.try_get("latest_expiry")?);
        Ok(Self { session, state: read_state(row)?, latest_expiry, revoked_at })
    }
}

fn select_details(id: &SessionId) -> SqlQuery<'static> {
    let sql = format!(
        "SELECT {COLUMNS}, state, latest_expiry, revoked_at FROM waxseal_sessions WHERE id = $1"
    );
    sqlx::query(AssertSqlSafe(sql)).bind(id.to_string())
}
