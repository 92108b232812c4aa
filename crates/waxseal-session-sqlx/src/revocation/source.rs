//! Reads new revocations from the database, in the order of commits.

use std::time::Duration;

use sqlx::{AssertSqlSafe, Row};
use tokio::time::timeout;
use waxseal_session::{
    Clock, Revocation, RevocationFeed, RevocationSource, SessionId, StoreError, Timestamp,
};

use super::{
    order::{POSTGRES_END, POSTGRES_POSITION},
    row::{REVOCATION_COLUMNS, read_revocation},
};
use crate::database::{Database, DatabaseConnection, DatabaseError, SqlQuery};

/// How long a poll may take.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long reading all revocations may take.
pub(crate) const RELOAD_TIMEOUT: Duration = Duration::from_secs(60);

/// Up to where the feed has read.
#[derive(Debug, Clone)]
pub(crate) struct FeedPosition {
    /// When the PostgreSQL server started, in microseconds. Another server has another order.
    server: i64,
    /// On PostgreSQL the oldest transaction that was running, on SQLite the highest number. 0 is the
    /// beginning.
    sequence: i64,
    /// The session that has this number, on SQLite. If its row was deleted, the number can be given again.
    last: Option<SessionId>,
    /// The time of that. If the clock is set back, sessions that have left the list matter again.
    read_at: Timestamp,
}

impl Default for FeedPosition {
    fn default() -> Self {
        Self { server: 0, sequence: 0, last: None, read_at: Timestamp::MIN }
    }
}

/// Reads the revocations of a database.
#[derive(Debug)]
pub(crate) struct FeedSource<'a> {
    pub(crate) database: &'a Database,
    pub(crate) clock: &'a Clock,
}

impl RevocationSource for FeedSource<'_> {
    type Position = FeedPosition;

    async fn read(
        &self,
        after: &FeedPosition,
        mut insert: impl FnMut(Revocation),
    ) -> Result<FeedPosition, StoreError> {
        let outcome = self.read_after(after, &mut insert).await;
        self.database.set_reachable(!matches!(outcome, Err(DatabaseError::Database(_))));
        outcome.map_err(StoreError::new)
    }
}

impl FeedSource<'_> {
    /// Passes the revocations after a position to `insert`, or all of them if that position means nothing
    /// any more. Returns the position reached.
    pub(crate) async fn read_after(
        &self,
        after: &FeedPosition,
        insert: &mut impl FnMut(Revocation),
    ) -> Result<FeedPosition, DatabaseError> {
        let pool = &self.database.feed_pool;
        let acquire = timeout(POLL_TIMEOUT, pool.acquire());
        let mut connection = acquire.await.map_err(|_| DatabaseError::Busy)??;
        let mut connection = connection.as_connection();
        if connection.is_postgres {
            self.read_postgres(&mut connection, after, insert).await
        } else {
            self.read_sqlite(&mut connection, after, insert).await
        }
    }

    async fn read_postgres(
        &self,
        connection: &mut DatabaseConnection<'_>,
        after: &FeedPosition,
        insert: &mut impl FnMut(Revocation),
    ) -> Result<FeedPosition, DatabaseError> {
        let read_at = self.clock.now();
        // Before the rows are read: what ends in between is read again next time.
        let position = timeout(POLL_TIMEOUT, connection.fetch_all(sqlx::query(POSTGRES_POSITION)));
        let position = position.await.map_err(|_| DatabaseError::Busy)??;
        let position = position.first().ok_or(sqlx::Error::RowNotFound)?;
        let (server, sequence) = (position.try_get("server")?, position.try_get("sequence")?);
        let same_order = after.server == server && after.sequence <= sequence;
        let from = if same_order && after.read_at <= read_at { after.sequence } else { 0 };
        // A transaction that stays open for long holds `sequence` back: then some are read repeatedly.
        let until = if from > 0 { POSTGRES_END } else { "9223372036854775807" };
        let sql = format!(
            "SELECT {REVOCATION_COLUMNS} FROM waxseal_sessions
             WHERE revoked_seq >= $1 AND revoked_seq < {until} AND expires_at >= $2"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(from).bind(self.matters_from());
        read_rows(connection, query, from, |_, revocation| {
            insert(revocation);
            Ok(())
        })
        .await?;
        Ok(FeedPosition { server, sequence, last: None, read_at })
    }

    async fn read_sqlite(
        &self,
        connection: &mut DatabaseConnection<'_>,
        after: &FeedPosition,
        insert: &mut impl FnMut(Revocation),
    ) -> Result<FeedPosition, DatabaseError> {
        let read_at = self.clock.now();
        if after.read_at <= read_at {
            let (last, sequence) = (after.last, after.sequence);
            let mut position = FeedPosition { server: 0, sequence, last, read_at };
            let mut found = false;
            self.read_sqlite_from(connection, &mut position, &mut |id, sequence, revocation| {
                found |= (Some(id), sequence) == (after.last, after.sequence);
                insert(revocation);
            })
            .await?;
            if found || after.last.is_none() {
                return Ok(position);
            }
        }
        let mut position = FeedPosition { read_at, ..FeedPosition::default() };
        self.read_sqlite_from(connection, &mut position, &mut |_, _, it| insert(it)).await?;
        Ok(position)
    }

    async fn read_sqlite_from(
        &self,
        connection: &mut DatabaseConnection<'_>,
        position: &mut FeedPosition,
        insert: &mut impl FnMut(SessionId, i64, Revocation),
    ) -> Result<(), DatabaseError> {
        let sql = format!(
            "SELECT {REVOCATION_COLUMNS}, revoked_seq FROM waxseal_sessions
             WHERE revoked_seq >= $1 AND expires_at >= $2"
        );
        let from = position.sequence;
        let query = sqlx::query(AssertSqlSafe(sql)).bind(from).bind(self.matters_from());
        read_rows(connection, query, from, |row, revocation| {
            let sequence = row.try_get("revoked_seq")?;
            if position.last.is_none() || sequence > position.sequence {
                (position.sequence, position.last) = (sequence, Some(revocation.id));
            }
            insert(revocation.id, sequence, revocation);
            Ok(())
        })
        .await
    }

    /// Sessions that expired before can't be valid again.
    fn matters_from(&self) -> i64 {
        (self.clock.earliest() - RevocationFeed::RETENTION).as_unix()
    }
}

/// Row by row: there may be a million.
async fn read_rows(
    connection: &mut DatabaseConnection<'_>,
    query: SqlQuery<'_>,
    from: i64,
    mut pass: impl FnMut(&sqlx::any::AnyRow, Revocation) -> Result<(), DatabaseError>,
) -> Result<(), DatabaseError> {
    let time = if from > 0 { POLL_TIMEOUT } else { RELOAD_TIMEOUT };
    let reading = connection.for_each_row(query, |row| pass(row, read_revocation(row)?));
    timeout(time, reading).await.map_err(|_| DatabaseError::Busy)?
}
