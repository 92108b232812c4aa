//! The database: connections, transactions with timeouts, migrations.

mod codes;
mod connection;
mod error;
mod explain;
mod file;
mod inspection;
mod limit;
mod line;
mod migrations;
mod open_error;
mod poll;
mod pool;
mod postgres;
mod sqlite;
mod tables;
pub(crate) mod transactions;
mod url;
mod writability;

use std::{future::ready, time::Duration};

use sqlx::{
    PgConnection, Row, SqliteConnection, pool::PoolOptions, postgres::PgConnectOptions,
    sqlite::SqliteConnectOptions,
};
use tokio::time::timeout;

use self::{
    file::DatabaseFile, line::Line, migrations::SESSION_MIGRATIONS, transactions::WriteLock,
    writability::StatusCell,
};

pub(crate) use self::pool::{PoolMember, PooledConnection};
pub use self::{
    connection::{DatabaseConnection, SqlQuery},
    error::DatabaseError,
    file::{FileGone, privacy_warning},
    limit::ConnectionLimit,
    migrations::Migrations,
    open_error::OpenError,
    pool::SessionPool,
    transactions::WriteTransaction,
    url::{DatabaseUrl, InvalidDatabaseUrl},
    writability::DatabaseStatus,
};

/// How long the first in line tries to open a connection before it looks again.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(1);

/// How long a clean stop waits for connections that are still in use.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(5);

/// A database connection pool. Clones share it.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) pool: SessionPool,
    /// The connection of the revocation feed. Beside a pool of ours it has one of its own, so that it
    /// never waits for one.
    pub(crate) feed_pool: SessionPool,
    /// Whether the pool is the app's.
    is_shared: bool,
    line: Line,
    write_lock: WriteLock,
    /// The file of a SQLite database.
    file: Option<DatabaseFile>,
    /// As of the latest poll. If the database is unreachable, requests fail at once instead of waiting.
    status: StatusCell,
}

impl Database {
    /// Opens the database, creates the file if it is missing (SQLite) and runs the migrations of the
    /// session table.
    ///
    /// # Errors
    ///
    /// If the database can't be opened or migrated.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, DatabaseError> {
        Self::connect_with(url, ConnectionLimit::DEFAULT).await
    }

    /// The same with another limit of connections.
    ///
    /// # Errors
    ///
    /// If the database can't be opened or migrated.
    pub async fn connect_with(
        url: &DatabaseUrl,
        limit: ConnectionLimit,
    ) -> Result<Self, DatabaseError> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let (options, file) = sqlite::open(path).await?;
                let requests = for_requests(limit.for_requests());
                let pool = sqlite_pool(requests, options.clone(), file.clone());
                let feed_pool = sqlite_pool(for_feed(), options, file.clone());
                Self::open(pool.into(), feed_pool.into(), false, file).await
            }
            DatabaseUrl::Postgres(url) => {
                let options = url::postgres_options(url)?;
                url::check_root_certificate(url)?;
                let requests = for_requests(limit.for_requests());
                let pool = postgres_pool(requests, options.clone(), "2500ms");
                // It may have a million revocations to read.
                let feed_pool = postgres_pool(for_feed(), options, "60s");
                Self::open(pool.into(), feed_pool.into(), false, None).await
            }
        }
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
        Self::open(pool.clone(), pool, true, None).await
    }

    async fn open(
        pool: SessionPool,
        feed_pool: SessionPool,
        is_shared: bool,
        file: Option<DatabaseFile>,
    ) -> Result<Self, DatabaseError> {
        let mut database = Self::of(pool, feed_pool, is_shared, file);
        database.migrate(&SESSION_MIGRATIONS).await?;
        if let (true, SessionPool::Sqlite(pool)) = (is_shared, &database.pool) {
            // Now it has been created.
            database.file = DatabaseFile::at(pool.connect_options().get_filename());
        }
        Ok(database)
    }

    fn of(
        pool: SessionPool,
        feed_pool: SessionPool,
        is_shared: bool,
        file: Option<DatabaseFile>,
    ) -> Self {
        Self {
            pool,
            feed_pool,
            is_shared,
            line: Line::default(),
            write_lock: WriteLock::default(),
            file,
            status: StatusCell::default(),
        }
    }

    /// Runs an app's pending migrations.
    ///
    /// # Errors
    ///
    /// If one fails, or the database records migrations that are not in this list.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), DatabaseError> {
        let migrated = match &self.pool {
            SessionPool::Sqlite(pool) if self.is_shared => {
                migrations.run(&mut *pool.acquire().await?).await
            }
            SessionPool::Sqlite(pool) => migrations.run_beside::<SqliteConnection>(pool).await,
            SessionPool::Postgres(pool) if self.is_shared => {
                migrations.run(&mut *pool.acquire().await?).await
            }
            SessionPool::Postgres(pool) => migrations.run_beside::<PgConnection>(pool).await,
        };
        migrated.map_err(|error| self.explain(OpenError::explain_migration(error, migrations)))
    }

    /// Says what an error means that came up at the start.
    pub(crate) fn explain(&self, error: DatabaseError) -> DatabaseError {
        OpenError::explain(error, &self.pool)
    }

    /// Closes the connections. On SQLite the file alone is complete then: nothing is left in the files
    /// beside it, unless another process has them open. Call it before the process ends.
    ///
    /// A pool of the app's own stays open.
    pub async fn close(&self) {
        if self.is_shared {
            return;
        }
        self.write_wal_into_file().await;
        let close = async { tokio::join!(self.pool.close(), self.feed_pool.close()) };
        if timeout(CLOSE_TIMEOUT, close).await.is_err() {
            log::warn!("the database's connections could not be closed in time");
        }
    }

    /// Closing the last connection does this too, but another process may have the file open.
    async fn write_wal_into_file(&self) {
        if self.pool.is_postgres() {
            return;
        }
        match self.checkpoint().await {
            Ok(true) => {}
            // Beside a server, a command finds it so: nothing to warn of.
            Ok(false) | Err(DatabaseError::Busy) => {
                log::debug!("the latest commits stay in the WAL file: another process uses it");
            }
            Err(error) => {
                log::debug!("the WAL could not be written into the database file: {error}");
            }
        }
    }

    /// Whether the whole WAL is in the database file now. Other processes can be in the way, which is no
    /// error to SQLite.
    async fn checkpoint(&self) -> Result<bool, DatabaseError> {
        let query = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)");
        let row = self.fetch_optional(query).await?.ok_or(sqlx::Error::RowNotFound)?;
        let is_blocked: i64 = row.try_get(0)?;
        Ok(is_blocked == 0)
    }

    /// What the database can do, as of the latest poll.
    pub fn status(&self) -> DatabaseStatus {
        self.status.get()
    }
}

/// The line tests the connections.
fn for_requests<DB: sqlx::Database>(size: u32) -> PoolOptions<DB> {
    let options = PoolOptions::new().max_connections(size).acquire_timeout(ACQUIRE_TIMEOUT);
    options.test_before_acquire(false)
}

/// It keeps its connection: where the server allows no further ones, a request would take its place.
fn for_feed<DB: sqlx::Database>() -> PoolOptions<DB> {
    let options = PoolOptions::new().max_connections(1).acquire_timeout(ACQUIRE_TIMEOUT);
    options.max_lifetime(None).idle_timeout(None)
}

/// A connection that was opened just when another file was at the path would stay with that file.
fn sqlite_pool(
    pool: PoolOptions<sqlx::Sqlite>,
    options: SqliteConnectOptions,
    file: Option<DatabaseFile>,
) -> sqlx::SqlitePool {
    pool.after_connect(move |_, _| {
        let checked = file.as_ref().map_or(Ok(()), DatabaseFile::check);
        Box::pin(ready(checked.map_err(|gone| sqlx::Error::Configuration(gone.into()))))
    })
    .connect_lazy_with(options)
}

fn postgres_pool(
    pool: PoolOptions<sqlx::Postgres>,
    options: PgConnectOptions,
    statement_timeout: &'static str,
) -> sqlx::PgPool {
    pool.after_connect(move |connection, _| {
        Box::pin(postgres::set_up(connection, statement_timeout))
    })
    .connect_lazy_with(options)
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, Executor};

    use super::*;

    #[actix_web::test]
    async fn a_checkpoint_that_another_process_is_in_the_way_of_is_not_taken_for_a_whole_one() {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        // One for requests, so that the setting holds for all that follows.
        let limit = ConnectionLimit::new(ConnectionLimit::LOWEST).unwrap();
        let database = Database::connect_with(&url.parse().unwrap(), limit).await.unwrap();
        assert!(database.checkpoint().await.unwrap());
        let mut only = database.acquire().await.unwrap();
        only.as_connection().execute(sqlx::query("PRAGMA busy_timeout = 0")).await.unwrap();
        drop(only);
        let mut other = SqliteConnection::connect(&url).await.unwrap();
        other.execute("BEGIN IMMEDIATE").await.unwrap();
        assert!(!database.checkpoint().await.unwrap());
        other.execute("ROLLBACK").await.unwrap();
        assert!(database.checkpoint().await.unwrap());
    }
}
