//! Opening the database: the pools, the schema.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use sqlx::{AnyConnection, AnyPool, Connection, any::AnyConnectOptions};
use tokio::time::timeout;

use super::{
    engine::Engine,
    error::DatabaseError,
    migrations::{Migrations, SESSION_MIGRATIONS},
    sqlite,
    url::DatabaseUrl,
};

/// How long the start waits for a database server to answer.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The database. Clones share its connections.
#[derive(Debug, Clone)]
pub struct Database {
    pub(super) url: DatabaseUrl,
    pub(super) engine: Engine,
    pub(super) pool: AnyPool,
    /// The revocation feed has a connection of its own: however busy the others are, it hears.
    pub(super) feed_pool: AnyPool,
    options: AnyConnectOptions,
    /// Whether the database answered when the feed last asked. While it does not, requests fail at
    /// once instead of waiting for it.
    reachable: Arc<AtomicBool>,
}

impl Database {
    /// Opens the database, creates it where it is missing (SQLite) and brings the session table up to
    /// date.
    ///
    /// # Errors
    ///
    /// When it can't be opened or migrated.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, DatabaseError> {
        sqlx::any::install_default_drivers();
        let (engine, sqlx_url) = match url {
            DatabaseUrl::Sqlite(path) => {
                sqlite::create_private(path)
                    .map_err(|error| DatabaseError::File(path.clone(), error))?;
                let engine = Engine::Sqlite { write_lock: Arc::default() };
                (engine, format!("sqlite:{}", path.display()))
            }
            DatabaseUrl::Postgres(url) => (Engine::Postgres, url.clone()),
        };
        let options = sqlx_url.parse::<AnyConnectOptions>()?;
        let database = Self {
            url: url.clone(),
            pool: engine.pool().connect_lazy_with(options.clone()),
            feed_pool: engine.pool().max_connections(1).connect_lazy_with(options.clone()),
            engine,
            options,
            reachable: Arc::new(AtomicBool::new(true)),
        };
        let mut first = database.single_connection().await?;
        if let DatabaseUrl::Sqlite(path) = url {
            sqlite::turn_on_wal(&mut first).await?;
            sqlite::tell_unless_private(path);
        }
        SESSION_MIGRATIONS.run(&mut first, &database.engine).await?;
        first.close().await?;
        Ok(database)
    }

    /// Runs those of an app's migrations that have not run yet.
    ///
    /// # Errors
    ///
    /// When one of them fails, or the database has others than these.
    pub async fn migrate(&self, migrations: &Migrations) -> Result<(), DatabaseError> {
        let mut connection = self.single_connection().await?;
        migrations.run(&mut connection, &self.engine).await?;
        Ok(connection.close().await?)
    }

    /// A connection by itself: a pool would go on trying until its time-out, and then not say what was
    /// wrong. And it has no time-outs on PostgreSQL: migrating may take long.
    async fn single_connection(&self) -> Result<AnyConnection, DatabaseError> {
        let connection = timeout(CONNECT_TIMEOUT, AnyConnection::connect_with(&self.options));
        let mut connection = connection.await.map_err(|_| DatabaseError::NoAnswer)??;
        if let Engine::Sqlite { .. } = self.engine {
            sqlite::set_up(&mut connection).await?;
        }
        Ok(connection)
    }

    pub(super) fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    pub(super) fn set_reachable(&self, reachable: bool) {
        self.reachable.store(reachable, Ordering::Relaxed);
    }
}
