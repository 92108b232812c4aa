//! Connection pools of either database.

use sqlx::{Connection, PgPool, Postgres, Sqlite, SqlitePool, pool::PoolConnection};

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
        Ok(PooledConnection::new(match self {
            Self::Sqlite(pool) => PoolMember::Sqlite(pool.acquire().await?),
            Self::Postgres(pool) => PoolMember::Postgres(pool.acquire().await?),
        }))
    }

    /// A connection that is idle. It may have died meanwhile.
    pub(super) fn try_acquire(&self) -> Option<PooledConnection> {
        Some(PooledConnection::new(match self {
            Self::Sqlite(pool) => PoolMember::Sqlite(pool.try_acquire()?),
            Self::Postgres(pool) => PoolMember::Postgres(pool.try_acquire()?),
        }))
    }

    /// The number of open connections.
    pub(super) fn size(&self) -> u32 {
        match self {
            Self::Sqlite(pool) => pool.size(),
            Self::Postgres(pool) => pool.size(),
        }
    }

    /// Closes the connections that are idle.
    pub(super) fn discard_idle(&self) {
        while let Some(mut idle) = self.try_acquire() {
            idle.discard();
        }
    }

    /// Closes all connections, those in use when they return.
    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }

    pub(crate) const fn is_postgres(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

/// A connection that returns to its pool when it is dropped, unless it is of no more use.
pub(crate) struct PooledConnection {
    pub(crate) member: PoolMember,
    is_useless: bool,
}

pub(crate) enum PoolMember {
    Sqlite(PoolConnection<Sqlite>),
    Postgres(PoolConnection<Postgres>),
}

impl PooledConnection {
    const fn new(member: PoolMember) -> Self {
        Self { member, is_useless: false }
    }

    pub(crate) fn as_connection(&mut self) -> DatabaseConnection<'_> {
        let connection = match &mut self.member {
            PoolMember::Sqlite(connection) => DatabaseConnection::from(&mut **connection),
            PoolMember::Postgres(connection) => DatabaseConnection::from(&mut **connection),
        };
        connection.reporting_to(&mut self.is_useless)
    }

    /// Closes the connection when it is dropped.
    pub(super) const fn discard(&mut self) {
        self.is_useless = true;
    }

    /// Whether the pool will close it.
    pub(super) const fn is_useless(&self) -> bool {
        self.is_useless
    }

    /// Whether the server still answers on it.
    pub(super) async fn is_alive(&mut self) -> bool {
        match &mut self.member {
            PoolMember::Sqlite(_) => true,
            PoolMember::Postgres(connection) => connection.ping().await.is_ok(),
        }
    }
}

impl Drop for PooledConnection {
    fn drop(&mut self) {
        if self.is_useless {
            match &mut self.member {
                PoolMember::Sqlite(connection) => connection.close_on_drop(),
                PoolMember::Postgres(connection) => connection.close_on_drop(),
            }
        }
    }
}
