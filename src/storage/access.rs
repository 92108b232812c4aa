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

use super::{connect::Storage, engine::Engine, error::StorageError, postgres, sqlite};

/// How long a request waits for what it reads.
const READ_PATIENCE: Duration = Duration::from_secs(2);

/// How long a request waits for its turn to write, and then for a transaction from its beginning
/// to its end.
pub(super) const WRITE_PATIENCE: Duration = Duration::from_secs(3);

/// A query with its values.
pub(super) type AnyQuery<'q> = Query<'q, Any, AnyArguments>;

impl Storage {
    /// Every row that a query finds.
    pub(super) async fn fetch_all(&self, query: AnyQuery<'_>) -> Result<Vec<AnyRow>, StorageError> {
        self.read(query.fetch_all(&self.pool)).await
    }

    /// The row that a query finds, if it does.
    pub(super) async fn fetch_optional(
        &self,
        query: AnyQuery<'_>,
    ) -> Result<Option<AnyRow>, StorageError> {
        self.read(query.fetch_optional(&self.pool)).await
    }

    async fn read<T>(
        &self,
        rows: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StorageError> {
        if !self.is_reachable() {
            return Err(StorageError::OutOfReach);
        }
        Ok(timeout(READ_PATIENCE, rows).await.map_err(|_| StorageError::Busy)??)
    }

    /// A transaction that will write.
    pub(super) async fn write(&self) -> Result<Write, StorageError> {
        self.write_within(WRITE_PATIENCE).await
    }

    /// The same, for what is better left than waited for.
    pub(super) async fn write_within(&self, patience: Duration) -> Result<Write, StorageError> {
        if !self.is_reachable() {
            return Err(StorageError::OutOfReach);
        }
        let busy = |_| StorageError::Busy;
        let (transaction, turn) = match &self.engine {
            Engine::Sqlite { turn } => {
                let turn = timeout(patience, turn.clone().lock_owned()).await.map_err(busy)?;
                // Not cut off: the connection would go on waiting for other processes, and be
                // missed by others. It has a time-out of its own.
                (self.pool.begin_with(sqlite::BEGIN_WRITE).await?, Some(turn))
            }
            Engine::Postgres => {
                let begin = self.pool.begin_with(postgres::BEGIN_WRITE);
                (timeout(patience, begin).await.map_err(busy)??, None)
            }
        };
        let end = Box::pin(sleep(patience));
        let is_postgres = matches!(self.engine, Engine::Postgres);
        Ok(Write { transaction, is_postgres, end, _turn: turn })
    }
}

/// A transaction that writes. Dropped before its [commit](Self::commit), it has changed nothing.
pub(super) struct Write {
    transaction: Transaction<'static, Any>,
    pub(super) is_postgres: bool,
    /// When patience ends.
    end: Pin<Box<Sleep>>,
    _turn: Option<OwnedMutexGuard<()>>,
}

impl Write {
    /// How many rows a statement changed.
    pub(super) async fn execute(&mut self, query: AnyQuery<'_>) -> Result<u64, StorageError> {
        let done = within(&mut self.end, query.execute(&mut *self.transaction)).await?;
        Ok(done.rows_affected())
    }

    /// Every row that a statement returns.
    pub(super) async fn fetch_all(
        &mut self,
        query: AnyQuery<'_>,
    ) -> Result<Vec<AnyRow>, StorageError> {
        within(&mut self.end, query.fetch_all(&mut *self.transaction)).await
    }

    /// The row that a statement returns, if it does.
    pub(super) async fn fetch_optional(
        &mut self,
        query: AnyQuery<'_>,
    ) -> Result<Option<AnyRow>, StorageError> {
        within(&mut self.end, query.fetch_optional(&mut *self.transaction)).await
    }

    /// Makes it last. After an error nobody knows whether it does.
    pub(super) async fn commit(mut self) -> Result<(), StorageError> {
        within(&mut self.end, self.transaction.commit()).await
    }
}

async fn within<T>(
    end: &mut Pin<Box<Sleep>>,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, StorageError> {
    tokio::select! {
        biased;
        done = work => Ok(done?),
        () = end => Err(StorageError::Busy),
    }
}

#[cfg(test)]
mod tests {
    use sqlx::Row;

    use super::*;
    use crate::storage::DatabaseUrl;

    #[actix_web::test]
    async fn what_is_committed_is_on_the_disk_and_readers_do_not_wait_for_writers() {
        let folder = tempfile::tempdir().unwrap();
        let url: DatabaseUrl =
            format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let storage = Storage::connect(&url).await.unwrap();
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
        Storage::connect(&url).await.unwrap();
        // And who would write too long after the others is told so.
        let busy = storage.write_within(Duration::ZERO).await;
        assert!(matches!(busy, Err(StorageError::Busy)));
    }

    #[actix_web::test]
    async fn processes_that_start_together_bring_the_schema_up_to_date_once() {
        let folder = tempfile::tempdir().unwrap();
        let url: DatabaseUrl =
            format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let starts = (0..8).map(|_| {
            let url = url.clone();
            actix_web::rt::spawn(async move { Storage::connect(&url).await })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap().unwrap();
        }
    }
}
