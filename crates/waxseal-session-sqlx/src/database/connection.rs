//! A connection to either database: the same queries run on both.

use std::{fmt, pin::Pin};

use futures_util::{TryStreamExt, stream::BoxStream};
use sqlx::{
    Any, Either, Execute, PgConnection, Postgres, Sqlite, SqliteConnection, Transaction,
    any::{AnyArguments, AnyQueryResult, AnyRow},
    query::Query,
};
use sqlx_core::any::AnyConnectionBackend;
use tokio::time::Sleep;

use super::DatabaseError;

/// A query with its bound values.
pub type SqlQuery<'q> = Query<'q, Any, AnyArguments>;

/// A connection to SQLite or PostgreSQL, made from `&mut` one of sqlx's connections or transactions.
pub struct DatabaseConnection<'c> {
    pub(super) backend: &'c mut dyn AnyConnectionBackend,
    pub(crate) is_postgres: bool,
    /// When its transaction's time is up.
    deadline: Option<&'c mut Pin<Box<Sleep>>>,
    /// Set if the connection is of no more use, so that its pool closes it.
    is_useless: Option<&'c mut bool>,
}

type Results<'c> = BoxStream<'c, Result<Either<AnyQueryResult, AnyRow>, sqlx::Error>>;

impl<'c> DatabaseConnection<'c> {
    pub(super) fn with_deadline(self, deadline: &'c mut Pin<Box<Sleep>>) -> Self {
        Self { deadline: Some(deadline), ..self }
    }

    pub(super) fn reporting_to(self, is_useless: &'c mut bool) -> Self {
        Self { is_useless: Some(is_useless), ..self }
    }

    /// Runs a statement. Returns how many rows it changed.
    pub(crate) async fn execute(&mut self, query: SqlQuery<'_>) -> Result<u64, DatabaseError> {
        Ok(self.results_of(query).await?.0)
    }

    /// Runs a statement and returns its rows.
    pub(crate) async fn fetch_all(
        &mut self,
        query: SqlQuery<'_>,
    ) -> Result<Vec<AnyRow>, DatabaseError> {
        Ok(self.results_of(query).await?.1)
    }

    /// Runs a statement and returns its first row, if any.
    pub(crate) async fn fetch_optional(
        &mut self,
        query: SqlQuery<'_>,
    ) -> Result<Option<AnyRow>, DatabaseError> {
        Ok(self.results_of(query).await?.1.into_iter().next())
    }

    /// Runs work on the connection until the deadline.
    pub(super) async fn within<T>(
        deadline: Option<&mut Pin<Box<Sleep>>>,
        work: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, DatabaseError> {
        let Some(deadline) = deadline else { return Ok(work.await?) };
        tokio::select! {
            biased;
            done = work => Ok(done?),
            () = deadline => Err(DatabaseError::Busy),
        }
    }

    async fn results_of(
        &mut self,
        query: SqlQuery<'_>,
    ) -> Result<(u64, Vec<AnyRow>), DatabaseError> {
        let mut results = start(self.backend, query)?;
        let collect = async move {
            let (mut changed, mut rows) = (0, Vec::new());
            while let Some(result) = results.try_next().await? {
                match result {
                    Either::Left(done) => changed += done.rows_affected(),
                    Either::Right(row) => rows.push(row),
                }
            }
            Ok((changed, rows))
        };
        let outcome = Self::within(self.deadline.as_deref_mut(), collect).await;
        let is_read_only = outcome.as_ref().is_err_and(DatabaseError::is_read_only);
        if let (true, Some(is_useless)) = (is_read_only, &mut self.is_useless) {
            // After a failover the next connection may lead to the new primary.
            **is_useless = true;
        }
        outcome
    }
}

fn start<'c>(
    backend: &'c mut dyn AnyConnectionBackend,
    mut query: SqlQuery<'_>,
) -> Result<Results<'c>, sqlx::Error> {
    let arguments = query.take_arguments().map_err(sqlx::Error::Encode)?;
    let persistent = Execute::persistent(&query);
    Ok(backend.fetch_many(query.sql(), persistent, arguments))
}

impl<'c> From<&'c mut SqliteConnection> for DatabaseConnection<'c> {
    fn from(connection: &'c mut SqliteConnection) -> Self {
        Self { backend: connection, is_postgres: false, deadline: None, is_useless: None }
    }
}

impl<'c> From<&'c mut PgConnection> for DatabaseConnection<'c> {
    fn from(connection: &'c mut PgConnection) -> Self {
        Self { backend: connection, is_postgres: true, deadline: None, is_useless: None }
    }
}

impl<'c> From<&'c mut Transaction<'_, Sqlite>> for DatabaseConnection<'c> {
    fn from(transaction: &'c mut Transaction<'_, Sqlite>) -> Self {
        Self::from(&mut **transaction)
    }
}

impl<'c> From<&'c mut Transaction<'_, Postgres>> for DatabaseConnection<'c> {
    fn from(transaction: &'c mut Transaction<'_, Postgres>) -> Self {
        Self::from(&mut **transaction)
    }
}

impl fmt::Debug for DatabaseConnection<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatabaseConnection").field(&self.backend.name()).finish()
    }
}
