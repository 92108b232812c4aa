//! The database: connections, transactions with timeouts, migrations.

mod backend;
mod error;
mod migrations;
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

use sqlx::{AnyConnection, AnyPool, Connection, any::AnyConnectOptions};
use tokio::time::timeout;

use self::{backend::Backend, migrations::SESSION_MIGRATIONS};

pub use self::{
    error::DatabaseError,
    migrations::Migrations,
    transactions::{SqlQuery, WriteTransaction},
    url::{DatabaseUrl, InvalidDatabaseUrl},
};

/// How long to wait for a database server to answer at startup.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A database connection pool. Clones share it.
#[derive(Debug, Clone)]
pub struct Database {
    pub(crate) url: DatabaseUrl,
    backend: Backend,
    pool: AnyPool,
    /// A connection for the revocation feed only, so that it never waits for one.
    pub(crate) feed_pool: AnyPool,
    options: AnyConnectOptions,
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
        sqlx::any::install_default_drivers();
        let (backend, sqlx_url) = match url {
            DatabaseUrl::Sqlite(path) => {
                sqlite::create_private(path)
                    .map_err(|error| DatabaseError::File(path.clone(), error))?;
                let backend = Backend::Sqlite { write_lock: Arc::default() };
                (backend, format!("sqlite:{}", path.display()))
            }
            DatabaseUrl::Postgres(url) => (Backend::Postgres, url.clone()),
        };
        let options = sqlx_url.parse::<AnyConnectOptions>()?;
        let database = Self {
            url: url.clone(),
            pool: backend.pool().connect_lazy_with(options.clone()),
            feed_pool: backend.pool().max_connections(1).connect_lazy_with(options.clone()),
            backend,
            options,
            reachable: Arc::new(AtomicBool::new(true)),
        };
        let mut first = database.single_connection().await?;
        if let DatabaseUrl::Sqlite(path) = url {
            sqlite::turn_on_wal(&mut first).await?;
            sqlite::warn_unless_private(path);
        }
        SESSION_MIGRATIONS.run(&mut first, &database.backend).await?;
        first.close().await?;
        Ok(database)
    }

    /// Runs an app's pending migrations.
    ///
    /// # Errors
    ///
    /// If one fails, or the database records migrations that are not in this list.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), DatabaseError> {
        let mut connection = self.single_connection().await?;
        migrations.run(&mut connection, &self.backend).await?;
        Ok(connection.close().await?)
    }

    /// Opens a connection outside the pool: a pool would retry until its timeout and hide the cause. It
    /// has no statement timeout, because migrations may take long.
    async fn single_connection(&self) -> Result<AnyConnection, DatabaseError> {
        let connection = timeout(CONNECT_TIMEOUT, AnyConnection::connect_with(&self.options));
        let mut connection = connection.await.map_err(|_| DatabaseError::NoAnswer)??;
        if let Backend::Sqlite { .. } = self.backend {
            sqlite::set_up(&mut connection).await?;
        }
        Ok(connection)
    }

    pub(crate) fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    pub(crate) fn set_reachable(&self, reachable: bool) {
        self.reachable.store(reachable, Ordering::Relaxed);
    }
}
