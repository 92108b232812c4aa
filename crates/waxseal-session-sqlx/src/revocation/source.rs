//! Reads new revocations from the database, in the order of commits.

use std::time::Duration;

use futures_util::{TryFutureExt, TryStreamExt};
use sqlx::{AssertSqlSafe, PgConnection, Row, SqliteConnection};
use tokio::time::timeout;
use waxseal_session::{
    Clock, Revocation, RevocationFeed, RevocationSource, SessionId, StoreError, Timestamp,
};

use super::{
    order::{POSTGRES_END, POSTGRES_POSITION},
    row::{REVOCATION_COLUMNS, read_revocation},
};
use crate::database::{Database, DatabaseError, PoolMember, PooledConnection};

/// How long a poll may take.
const POLL_TIMEOUT: Duration = Duration::from_secs(2);

/// How long reading all revocations may take.
const RELOAD_TIMEOUT: Duration = Duration::from_secs(60);

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
        let outcome = match self.connection().await {
            Ok(mut connection) => {
                let outcome = self.read_over(&mut connection, after, &mut insert).await;
                let poll = outcome.as_ref().map(|_position| &mut connection);
                self.database.update_status(poll).await;
                outcome
            }
            Err(error) => {
                self.database.update_status(Err(&error)).await;
                Err(error)
            }
        };
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
        self.read_over(&mut self.connection().await?, after, insert).await
    }

    async fn connection(&self) -> Result<PooledConnection, DatabaseError> {
        within(POLL_TIMEOUT, self.database.acquire_to_poll()).await
    }

    async fn read_over(
        &self,
        connection: &mut PooledConnection,
        after: &FeedPosition,
        insert: &mut impl FnMut(Revocation),
    ) -> Result<FeedPosition, DatabaseError> {
        match &mut connection.member {
            PoolMember::Sqlite(connection) => self.read_sqlite(connection, after, insert).await,
            PoolMember::Postgres(connection) => self.read_postgres(connection, after, insert).await,
        }
    }

    async fn read_postgres(
        &self,
        connection: &mut PgConnection,
        after: &FeedPosition,
        insert: &mut impl FnMut(Revocation),
    ) -> Result<FeedPosition, DatabaseError> {
        let read_at = self.clock.now();
        // Before the rows are read: what ends in between is read again next time.
        let position = sqlx::query_as(POSTGRES_POSITION).fetch_one(&mut *connection);
        let (server, sequence) = within(POLL_TIMEOUT, position.map_err(Into::into)).await?;
        let same_order = after.server == server && after.sequence <= sequence;
        let from = if same_order && after.read_at <= read_at { after.sequence } else { 0 };
        // A transaction that stays open for long holds `sequence` back: then some are read repeatedly.
        let until = if from > 0 { POSTGRES_END } else { "9223372036854775807" };
        let sql = format!(
            "SELECT {REVOCATION_COLUMNS} FROM waxseal_sessions
             WHERE revoked_seq >= $1 AND revoked_seq < {until} AND latest_expiry >= $2"
        );
        let query = sqlx::query(AssertSqlSafe(sql)).bind(from).bind(self.matters_from());
        let reading = async {
            // Row by row: there may be a million.
            let mut rows = query.fetch(connection);
            while let Some(row) = rows.try_next().await? {
                insert(read_revocation(&row)?);
            }
            Ok(())
        };
        within(timeout_from(from), reading).await?;
        Ok(FeedPosition { server, sequence, last: None, read_at })
    }

    async fn read_sqlite(
        &self,
        connection: &mut SqliteConnection,
        after: &FeedPosition,
        insert: &mut impl FnMut(Revocation),
    ) -> Result<FeedPosition, DatabaseError> {
        let read_at = self.clock.now();
        let mut position = FeedPosition { read_at, ..after.clone() };
        if after.read_at <= read_at {
            let found = self.read_sqlite_from(connection, &mut position, insert).await?;
            if found || after.last.is_none() {
                return Ok(position);
            }
        }
        position = FeedPosition { read_at, ..FeedPosition::default() };
        self.read_sqlite_from(connection, &mut position, insert).await?;
        Ok(position)
    }

    /// Reads from this position on, and moves it. Whether the session at the position was there.
    async fn read_sqlite_from(
        &self,
        connection: &mut SqliteConnection,
        position: &mut FeedPosition,
        insert: &mut impl FnMut(Revocation),
    ) -> Result<bool, DatabaseError> {
        let sql = format!(
            "SELECT {REVOCATION_COLUMNS}, revoked_seq FROM waxseal_sessions
             WHERE revoked_seq >= $1 AND latest_expiry >= $2"
        );
        let (from, last) = (position.sequence, position.last);
        let query = sqlx::query(AssertSqlSafe(sql)).bind(from).bind(self.matters_from());
        let reading = async {
            let mut found = false;
            let mut rows = query.fetch(connection);
            while let Some(row) = rows.try_next().await? {
                let (revocation, sequence) = (read_revocation(&row)?, row.try_get(4)?);
                // Announced again, it has a higher number; what was revoked since has, too.
                found |= Some(revocation.id) == last;
                if position.last.is_none() || sequence > position.sequence {
                    (position.sequence, position.last) = (sequence, Some(revocation.id));
                }
                insert(revocation);
            }
            Ok(found)
        };
        within(timeout_from(from), reading).await
    }

    /// Sessions whose latest expiry lies before that can't be valid again.
    fn matters_from(&self) -> i64 {
        (self.clock.earliest() - RevocationFeed::RETENTION).as_unix()
    }
}

fn timeout_from(sequence: i64) -> Duration {
    if sequence > 0 { POLL_TIMEOUT } else { RELOAD_TIMEOUT }
}

async fn within<T>(
    time: Duration,
    work: impl Future<Output = Result<T, DatabaseError>>,
) -> Result<T, DatabaseError> {
    timeout(time, work).await.map_err(|_| DatabaseError::Busy)?
}
