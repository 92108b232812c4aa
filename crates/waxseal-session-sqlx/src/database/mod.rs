//! The database: connections, transactions with timeouts, migrations.

mod connection;
mod error;
mod migrations;
mod pool;
mod postgres;
mod sqlite;
pub(crate) mod transactions;
mod url;

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{
    Connection, PgConnection, SqliteConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};

use self::{migrations::SESSION_MIGRATIONS, transactions::WriteLock};

pub(crate) use self::pool::PooledConnection;
pub use self::{
    connection::DatabaseConnection,
    error::DatabaseError,
    migrations::Migrations,
    pool::SessionPool,
    transactions::{SqlQuery, WriteTransaction},
    url::{DatabaseUrl, InvalidDatabaseUrl},
};

/// How long a request waits for a connection. Requests that wait for the write lock hold none, so the
/// wait is usually short.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);

/// A database connection pool. Clones share it.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) pool: SessionPool,
    /// The connection of the revocation feed. Beside a pool of ours it has one of its own, so that it
    /// never waits for one.
    pub(crate) feed_pool: SessionPool,
    /// Whether the pool is the app's.
    is_shared: bool,
    write_lock: WriteLock,
    /// Whether the database answered the latest poll. If not, requests fail at once instead of waiting.
    reachable: Arc<AtomicBool>,
}

impl Database {
    /// Opens the database, creates the file if it is missing (SQLite) and runs the migrations of the
    /// session table.
    ///
    /// # Errors
    ///
    /// If the database can't be opened or migrated.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, DatabaseError> {
        let (pool, feed_pool) = match url {
            DatabaseUrl::Sqlite(path) => {
                sqlite::create_private(path)
                    .map_err(|error| DatabaseError::File(path.clone(), error))?;
                let options = sqlite::options(path);
                let mut first = SqliteConnection::connect_with(&options).await?;
                sqlite::turn_on_wal(&mut first).await?;
                sqlite::warn_unless_private(path);
                first.close().await?;
                let pool = |size| sqlite_pool(options.clone(), size).into();
                (pool(POOL_SIZE), pool(1))
            }
            DatabaseUrl::Postgres(url) => {
                let options: PgConnectOptions = url.parse()?;
                let pool = postgres_pool(options.clone(), POOL_SIZE, "2500ms");
                // It may have a million revocations to read.
                (pool.into(), postgres_pool(options, 1, "60s").into())
            }
        };
        Self::open(pool, feed_pool, false).await
    }

    /// Uses a pool of the app's own, and runs the migrations of the session table.
    ///
    /// The pool's settings hold: its timeouts, and on SQLite its journal mode and busy timeout.
    ///
    /// # Errors
    ///
    /// If the database fails, or can't be migrated.
    pub async fn with_pool(pool: impl Into<SessionPool>) -> Result<Self, DatabaseError> {
        let pool = pool.into();
        Self::open(pool.clone(), pool, true).await
    }

    async fn open(
        pool: SessionPool,
        feed_pool: SessionPool,
        is_shared: bool,
    ) -> Result<Self, DatabaseError> {
        let (write_lock, reachable) = (WriteLock::default(), Arc::new(AtomicBool::new(true)));
        let database = Self { pool, feed_pool, is_shared, write_lock, reachable };
        database.migrate(&SESSION_MIGRATIONS).await?;
        Ok(database)
    }

    /// Runs an app's pending migrations.
    ///
    /// # Errors
    ///
    /// If one fails, or the database records migrations that are not in this list.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), DatabaseError> {
        match &self.pool {
            SessionPool::Sqlite(pool) if self.is_shared => {
                migrations.run(&mut *pool.acquire().await?).await
            }
            SessionPool::Sqlite(pool) => migrations.run_beside::<SqliteConnection>(pool).await,
            SessionPool::Postgres(pool) if self.is_shared => {
                migrations.run(&mut *pool.acquire().await?).await
            }
            SessionPool::Postgres(pool) => migrations.run_beside::<PgConnection>(pool).await,
        }
    }

    pub(crate) fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    pub(crate) fn set_reachable(&self, reachable: bool) {
        self.reachable.store(reachable, Ordering::Relaxed);
    }
}

/// Connections at most, as sqlx has it by default.
const POOL_SIZE: u32 = 10;

fn sqlite_pool(options: SqliteConnectOptions, size: u32) -> sqlx::SqlitePool {
    SqlitePoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect_lazy_with(options)
}

fn postgres_pool(
    options: PgConnectOptions,
    size: u32,
    statement_timeout: &'static str,
) -> sqlx::PgPool {
    PgPoolOptions::new()
        .max_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .after_connect(move |connection, _| {
            Box::pin(postgres::set_up(connection, statement_timeout))
        })
        .connect_lazy_with(options)
}
