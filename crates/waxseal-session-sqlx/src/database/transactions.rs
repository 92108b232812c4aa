//! Queries and transactions with timeouts, so that no request waits more than a few seconds for the
//! database.

use std::{future::Future, pin::Pin, time::Duration};

use sqlx::{
    Any, Transaction,
    any::{AnyArguments, AnyRow},
    query::Query,
};
use tokio::{
    sync::OwnedMutexGuard,
    time::{Sleep, sleep, timeout},
};

use super::{Database, DatabaseError, backend::Backend, postgres, sqlite};

/// How long a read may take.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a request waits for the write lock, and then how long its whole transaction may take.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(3);

/// A query with its bound values.
pub type SqlQuery<'q> = Query<'q, Any, AnyArguments>;

impl Database {
    /// Runs a query and returns its rows.
    ///
    /// # Errors
    ///
    /// If the database fails, or takes longer than two seconds.
    pub async fn fetch_all(&self, query: SqlQuery<'_>) -> Result<Vec<AnyRow>, DatabaseError> {
        self.read(query.fetch_all(&self.pool)).await
    }

    /// Runs a query and returns its first row, if any.
    ///
    /// # Errors
    ///
    /// If the database fails, or takes longer than two seconds.
    pub async fn fetch_optional(
        &self,
        query: SqlQuery<'_>,
    ) -> Result<Option<AnyRow>, DatabaseError> {
        self.read(query.fetch_optional(&self.pool)).await
    }

    async fn read<T>(
        &self,
        rows: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        if !self.is_reachable() {
            return Err(DatabaseError::Unreachable);
        }
        Ok(timeout(READ_TIMEOUT, rows).await.map_err(|_| DatabaseError::Busy)??)
    }

    /// Begins a write transaction.
    ///
    /// # Errors
    ///
    /// If the database fails, or the write lock is not free within three seconds.
    pub async fn write(&self) -> Result<WriteTransaction, DatabaseError> {
        self.write_within(WRITE_TIMEOUT).await
    }

    /// Begins a write transaction with another timeout.
    pub(crate) async fn write_within(
        &self,
        time: Duration,
    ) -> Result<WriteTransaction, DatabaseError> {
        if !self.is_reachable() {
            return Err(DatabaseError::Unreachable);
        }
        let busy = |_| DatabaseError::Busy;
        let (transaction, write_lock) = match &self.backend {
            Backend::Sqlite { write_lock } => {
                let lock = timeout(time, write_lock.clone().lock_owned()).await.map_err(busy)?;
                // No timeout here: the connection would go on waiting for other processes, and the pool
                // would lose it. SQLite's busy timeout ends the wait.
                (self.pool.begin_with(sqlite::BEGIN_WRITE).await?, Some(lock))
            }
            Backend::Postgres => {
                let begin = self.pool.begin_with(postgres::BEGIN_WRITE);
                (timeout(time, begin).await.map_err(busy)??, None)
            }
        };
        let deadline = Box::pin(sleep(time));
        let is_postgres = matches!(self.backend, Backend::Postgres);
        Ok(WriteTransaction { transaction, is_postgres, deadline, _write_lock: write_lock })
    }
}

/// A write transaction. It rolls back if it is dropped before [`commit`](Self::commit).
pub struct WriteTransaction {
    transaction: Transaction<'static, Any>,
    pub(crate) is_postgres: bool,
    deadline: Pin<Box<Sleep>>,
    _write_lock: Option<OwnedMutexGuard<()>>,
}

impl WriteTransaction {
    /// Runs a statement. Returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// If the database fails, or the transaction's time is up.
    pub async fn execute(&mut self, query: SqlQuery<'_>) -> Result<u64, DatabaseError> {
        let done = within(&mut self.deadline, query.execute(&mut *self.transaction)).await?;
        Ok(done.rows_affected())
    }

    /// Runs a statement and returns its rows.
    ///
    /// # Errors
    ///
    /// If the database fails, or the transaction's time is up.
    pub async fn fetch_all(&mut self, query: SqlQuery<'_>) -> Result<Vec<AnyRow>, DatabaseError> {
        within(&mut self.deadline, query.fetch_all(&mut *self.transaction)).await
    }

    /// Runs a statement and returns its first row, if any.
    ///
    /// # Errors
    ///
    /// If the database fails, or the transaction's time is up.
    pub async fn fetch_optional(
        &mut self,
        query: SqlQuery<'_>,
    ) -> Result<Option<AnyRow>, DatabaseError> {
        within(&mut self.deadline, query.fetch_optional(&mut *self.transaction)).await
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// If the database fails, or the transaction's time is up. It may have been committed then or not.
    pub async fn commit(mut self) -> Result<(), DatabaseError> {
        within(&mut self.deadline, self.transaction.commit()).await
    }
}

async fn within<T>(
    deadline: &mut Pin<Box<Sleep>>,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, DatabaseError> {
    tokio::select! {
        biased;
        done = work => Ok(done?),
        () = deadline => Err(DatabaseError::Busy),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::{super::url::DatabaseUrl, *};

    #[actix_web::test]
    async fn commits_are_durable_and_readers_do_not_wait_for_writers() {
        let folder = tempfile::tempdir().unwrap();
        let url: DatabaseUrl =
            format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let database = Database::connect(&url).await.unwrap();
        let pragma = async |query| {
            sqlx::query(query).fetch_one(&database.pool).await.unwrap().get::<i64, _>(0)
        };
        assert_eq!(pragma("PRAGMA synchronous").await, 2, "FULL");
        assert_eq!(pragma("PRAGMA foreign_keys").await, 1);
        let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&database.pool).await.unwrap();
        assert_eq!(mode.get::<String, _>(0), "wal");

        let _writer = database.write().await.unwrap();
        let read = sqlx::query("SELECT id FROM waxseal_sessions");
        assert!(database.fetch_optional(read).await.unwrap().is_none());
        // Opening the database does not wait, either.
        Database::connect(&url).await.unwrap();
        let busy = database.write_within(Duration::ZERO).await;
        assert!(matches!(busy, Err(DatabaseError::Busy)));
    }
}
