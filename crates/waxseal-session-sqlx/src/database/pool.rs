//! Connection pools of either database.

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, pool::PoolConnection};

use super::connection::DatabaseConnection;

/// A connection pool of the app's own.
#[derive(Debug, Clone)]
pub enum SessionPool {
    /// SQLite. A database in memory needs a pool of one connection that is never closed.
    Sqlite(SqlitePool),
    /// PostgreSQL, 13 or later.
    Postgres(PgPool),
}

impl From<SqlitePool> for SessionPool {
    fn from(pool: SqlitePool) -> Self {
        Self::Sqlite(pool)
    }
}

impl From<PgPool> for SessionPool {
    fn from(pool: PgPool) -> Self {
        Self::Postgres(pool)
    }
}

impl SessionPool {
    pub(crate) async fn acquire(&self) -> Result<PooledConnection, sqlx::Error> {
        Ok(match self {
            Self::Sqlite(pool) => PooledConnection::Sqlite(pool.acquire().await?),
            Self::Postgres(pool) => PooledConnection::Postgres(pool.acquire().await?),
        })
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

/// A connection that returns to its pool when it is dropped.
pub(crate) enum PooledConnection {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl PooledConnection {
    pub(crate) fn as_connection(&mut self) -> DatabaseConnection<'_> {
        match self {
            Self::Sqlite(connection) => DatabaseConnection::from(&mut **connection),
            Self::Postgres(connection) => DatabaseConnection::from(&mut **connection),
        }
    }
}
