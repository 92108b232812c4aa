//! Queries and transactions with timeouts, so that no request waits more than a few seconds for the
//! database.

use std::{pin::Pin, sync::Arc, time::Duration};

use sqlx::{SqlSafeStr, any::AnyRow};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::{Sleep, sleep, timeout},
};

use super::{
    Database, DatabaseError, DatabaseStatus,
    connection::{DatabaseConnection, SqlQuery},
    file::DatabaseFile,
    pool::PooledConnection,
    postgres, sqlite,
};

/// How long a read may take.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a request waits for the write lock, and then how long its whole transaction may take.
pub(crate) const WRITE_TIMEOUT: Duration = Duration::from_secs(3);

/// SQLite has one writer at a time. The others wait for this lock without holding a connection, so
/// that readers always get one.
#[derive(Debug, Clone, Default)]
pub(super) struct WriteLock(Arc<Mutex<()>>);

impl WriteLock {
    async fn lock(&self, time: Duration) -> Result<OwnedMutexGuard<()>, DatabaseError> {
        let lock = timeout(time, Arc::clone(&self.0).lock_owned());
        lock.await.map_err(|_| DatabaseError::Busy)
    }
}

impl Database {
    /// Runs a query and returns its rows.
    ///
    /// # Errors
    ///
    /// If the database fails, or takes longer than two seconds.
    pub async fn fetch_all(&self, query: SqlQuery<'_>) -> Result<Vec<AnyRow>, DatabaseError> {
        self.check_reachable()?;
        let read = async {
            let mut connection = self.acquire().await?;
            connection.as_connection().fetch_all(query).await
        };
        timeout(READ_TIMEOUT, read).await.map_err(|_| DatabaseError::Busy)?
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
        Ok(self.fetch_all(query).await?.into_iter().next())
    }

    /// Runs one statement that changes rows and returns them, in a transaction of its own.
    pub(crate) async fn write_one(
        &self,
        query: SqlQuery<'_>,
        time: Duration,
    ) -> Result<Option<AnyRow>, DatabaseError> {
        self.check_writable()?;
        let _write_lock = self.lock_writes(time).await?;
        let mut connection = self.acquire_within(time).await?;
        let mut connection = connection.as_connection();
        let write = connection.fetch_optional(query);
        let written = match self.pool.is_postgres() {
            true => timeout(time, write).await.unwrap_or(Err(DatabaseError::Busy)),
            // No timeout, for the reason given below.
            false => write.await,
        };
        let written = written.inspect_err(|error| self.note_failed_write(error))?;
        self.check_commit()?;
        Ok(written)
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
        self.check_writable()?;
        let write_lock = self.lock_writes(time).await?;
        let mut connection = self.acquire_within(time).await?;
        let backend = connection.as_connection().backend;
        if self.pool.is_postgres() {
            let begin = backend.begin(Some(postgres::BEGIN_WRITE.into_sql_str()));
            timeout(time, begin).await.map_err(|_| DatabaseError::Busy)??;
        } else {
            // No timeout here: the connection would go on waiting for other processes, and the pool would
            // lose it. SQLite's busy timeout ends the wait.
            let begin = backend.begin(Some(sqlite::BEGIN_WRITE.into_sql_str()));
            if let Err(error) = begin.await.map_err(DatabaseError::from) {
                self.note_failed_write(&error);
                connection.discard();
                return Err(error);
            }
        }
        let (database, deadline) = (self.clone(), Box::pin(sleep(time)));
        Ok(WriteTransaction {
            connection,
            is_open: true,
            deadline,
            database,
            _write_lock: write_lock,
        })
    }

    pub(super) fn check_reachable(&self) -> Result<(), DatabaseError> {
        match self.status() {
            DatabaseStatus::Unreachable => Err(DatabaseError::Unreachable),
            _ => Ok(()),
        }
    }

    /// Fails at once where a write can't succeed.
    fn check_writable(&self) -> Result<(), DatabaseError> {
        self.check_reachable()?;
        self.check_file()?;
        match self.status() {
            DatabaseStatus::ReadOnly => Err(DatabaseError::ReadOnly),
            _ => Ok(()),
        }
    }

    /// Whether the file that is open is the one that others see.
    pub(crate) fn check_file(&self) -> Result<(), DatabaseError> {
        Ok(self.file.as_ref().map_or(Ok(()), DatabaseFile::check)?)
    }

    /// Whether what was just committed is in the file that others see.
    fn check_commit(&self) -> Result<(), DatabaseError> {
        Ok(self.file.as_ref().map_or(Ok(()), DatabaseFile::check_commit)?)
    }

    async fn lock_writes(
        &self,
        time: Duration,
    ) -> Result<Option<OwnedMutexGuard<()>>, DatabaseError> {
        match self.pool.is_postgres() {
            true => Ok(None),
            false => self.write_lock.lock(time).await.map(Some),
        }
    }

    async fn acquire_within(&self, time: Duration) -> Result<PooledConnection, DatabaseError> {
        timeout(time, self.acquire()).await.map_err(|_| DatabaseError::Busy)?
    }
}

/// A write transaction. It rolls back if it is dropped before [`commit`](Self::commit).
pub struct WriteTransaction {
    connection: PooledConnection,
    is_open: bool,
    deadline: Pin<Box<Sleep>>,
    database: Database,
    // Dropped last.
    _write_lock: Option<OwnedMutexGuard<()>>,
}

impl WriteTransaction {
    /// Runs a statement. Returns how many rows it changed.
    ///
    /// # Errors
    ///
    /// If the database fails, or the transaction's time is up.
    pub async fn execute(&mut self, query: SqlQuery<'_>) -> Result<u64, DatabaseError> {
        self.as_connection().execute(query).await
    }

    /// Runs a statement and returns its rows.
    ///
    /// # Errors
    ///
    /// If the database fails, or the transaction's time is up.
    pub async fn fetch_all(&mut self, query: SqlQuery<'_>) -> Result<Vec<AnyRow>, DatabaseError> {
        self.as_connection().fetch_all(query).await
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
        self.as_connection().fetch_optional(query).await
    }

    /// Commits.
    ///
    /// # Errors
    ///
    /// If the database fails, or the transaction's time is up. It may have been committed then or not.
    pub async fn commit(mut self) -> Result<(), DatabaseError> {
        let connection = self.connection.as_connection();
        let commit = connection.backend.commit();
        let committed = DatabaseConnection::within(Some(&mut self.deadline), commit).await;
        if let Err(error) = committed {
            self.database.note_failed_write(&error);
            // SQLite may have rolled back by itself, which sqlx does not know; PostgreSQL may still commit.
            self.connection.discard();
            return Err(match error {
                DatabaseError::Busy => DatabaseError::Unconfirmed,
                error => error,
            });
        }
        self.is_open = false;
        self.database.check_commit()
    }

    pub(crate) fn as_connection(&mut self) -> DatabaseConnection<'_> {
        self.connection.as_connection().with_deadline(&mut self.deadline)
    }
}

impl Drop for WriteTransaction {
    fn drop(&mut self) {
        if self.is_open {
            self.connection.as_connection().backend.start_rollback();
        }
        if self.connection.is_useless() {
            self.database.found_read_only();
        }
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
        let pragma =
            async |query| database.fetch_all(sqlx::query(query)).await.unwrap()[0].get::<i64, _>(0);
        assert_eq!(pragma("PRAGMA synchronous").await, 2, "FULL");
        assert_eq!(pragma("PRAGMA foreign_keys").await, 1);
        let mode = database.fetch_all(sqlx::query("PRAGMA journal_mode")).await.unwrap();
        assert_eq!(mode[0].get::<String, _>(0), "wal");

        let _writer = database.write().await.unwrap();
        let read = sqlx::query("SELECT id FROM waxseal_sessions");
        assert!(database.fetch_optional(read).await.unwrap().is_none());
        // Opening the database does not wait, either.
        Database::connect(&url).await.unwrap();
        let busy = database.write_within(Duration::ZERO).await;
        assert!(matches!(busy, Err(DatabaseError::Busy)));
    }
}
