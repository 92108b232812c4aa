//! Reading and writing, with an end to everybody's patience: no request waits for the database
//! for more than a few seconds.

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

use super::{connect::Database, engine::Engine, error::DatabaseError, postgres, sqlite};

/// How long a request waits for what it reads.
const READ_TIMEOUT: Duration = Duration::from_secs(2);

/// How long a request waits for its write_lock to write, and then for a transaction from its beginning
/// to its end.
pub(super) const WRITE_TIMEOUT: Duration = Duration::from_secs(3);

/// A query with its values.
pub(super) type AnyQuery<'q> = Query<'q, Any, AnyArguments>;

impl Database {
    /// Every row that a query finds.
    pub(super) async fn fetch_all(
        &self,
        query: AnyQuery<'_>,
    ) -> Result<Vec<AnyRow>, DatabaseError> {
        self.read(query.fetch_all(&self.pool)).await
    }

    /// The row that a query finds, if it does.
    pub(super) async fn fetch_optional(
        &self,
        query: AnyQuery<'_>,
    ) -> Result<Option<AnyRow>, DatabaseError> {
        self.read(query.fetch_optional(&self.pool)).await
    }

    async fn read<T>(
        &self,
        rows: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        if !self.is_reachable() {
            return Err(DatabaseError::OutOfReach);
        }
        Ok(timeout(READ_TIMEOUT, rows).await.map_err(|_| DatabaseError::Busy)??)
    }

    /// A transaction that will write.
    pub(super) async fn write(&self) -> Result<WriteTransaction, DatabaseError> {
        self.write_within(WRITE_TIMEOUT).await
    }

    /// The same, for what is better left than waited for.
    pub(super) async fn write_within(
        &self,
        patience: Duration,
    ) -> Result<WriteTransaction, DatabaseError> {
        if !self.is_reachable() {
            return Err(DatabaseError::OutOfReach);
        }
        let busy = |_| DatabaseError::Busy;
        let (transaction, write_lock) = match &self.engine {
            Engine::Sqlite { write_lock } => {
                let write_lock =
                    timeout(patience, write_lock.clone().lock_owned()).await.map_err(busy)?;
                // Not cut off: the connection would go on waiting for other processes, and be
                // missed by others. It has a time-out of its own.
                (self.pool.begin_with(sqlite::BEGIN_WRITE).await?, Some(write_lock))
            }
            Engine::Postgres => {
                let begin = self.pool.begin_with(postgres::BEGIN_WRITE);
                (timeout(patience, begin).await.map_err(busy)??, None)
            }
        };
        let end = Box::pin(sleep(patience));
        let is_postgres = matches!(self.engine, Engine::Postgres);
        Ok(WriteTransaction { transaction, is_postgres, end, _write_lock: write_lock })
    }
}

/// A transaction that writes. Dropped before its [commit](Self::commit), it has changed nothing.
pub(super) struct WriteTransaction {
    transaction: Transaction<'static, Any>,
    pub(super) is_postgres: bool,
    /// When patience ends.
    end: Pin<Box<Sleep>>,
    _write_lock: Option<OwnedMutexGuard<()>>,
}

impl WriteTransaction {
    /// How many rows a statement changed.
    pub(super) async fn execute(&mut self, query: AnyQuery<'_>) -> Result<u64, DatabaseError> {
        let done = within(&mut self.end, query.execute(&mut *self.transaction)).await?;
        Ok(done.rows_affected())
    }

    /// Every row that a statement returns.
    pub(super) async fn fetch_all(
        &mut self,
        query: AnyQuery<'_>,
    ) -> Result<Vec<AnyRow>, DatabaseError> {
        within(&mut self.end, query.fetch_all(&mut *self.transaction)).await
    }

    /// The row that a statement returns, if it does.
    pub(super) async fn fetch_optional(
        &mut self,
        query: AnyQuery<'_>,
    ) -> Result<Option<AnyRow>, DatabaseError> {
        within(&mut self.end, query.fetch_optional(&mut *self.transaction)).await
    }

    /// Makes it last. After an error nobody knows whether it does.
    pub(super) async fn commit(mut self) -> Result<(), DatabaseError> {
        within(&mut self.end, self.transaction.commit()).await
    }
}

async fn within<T>(
    end: &mut Pin<Box<Sleep>>,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, DatabaseError> {
    tokio::select! {
        biased;
        done = work => Ok(done?),
        () = end => Err(DatabaseError::Busy),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::db::DatabaseUrl;

    #[actix_web::test]
    async fn what_is_committed_is_on_the_disk_and_readers_do_not_wait_for_writers() {
        let folder = tempfile::tempdir().unwrap();
        let url: DatabaseUrl =
            format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let storage = Database::connect(&url).await.unwrap();
        let pragma = async |query| {
            sqlx::query(query).fetch_one(&storage.pool).await.unwrap().get::<i64, _>(0)
        };
        assert_eq!(pragma("PRAGMA synchronous").await, 2, "FULL");
        assert_eq!(pragma("PRAGMA foreign_keys").await, 1);
        let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&storage.pool).await.unwrap();
        assert_eq!(mode.get::<String, _>(0), "wal");

        let _writer = storage.write().await.unwrap();
        assert!(storage.user_by_id("nobody").await.unwrap().is_none());
        // Whoever just opens it does not wait, either.
        Database::connect(&url).await.unwrap();
        // And who would write too long after the others is told so.
        let busy = storage.write_within(Duration::ZERO).await;
        assert!(matches!(busy, Err(DatabaseError::Busy)));
    }

    #[actix_web::test]
    async fn processes_that_start_together_bring_the_schema_up_to_date_once() {
        let folder = tempfile::tempdir().unwrap();
        let url: DatabaseUrl =
            format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let starts = (0..8).map(|_| {
            let url = url.clone();
            actix_web::rt::spawn(async move { Database::connect(&url).await })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap().unwrap();
        }
    }
}
