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

use super::{engine::Engine, error::DatabaseError, migrations, sqlite, url::DatabaseUrl};

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
    /// Whether the database was there when the feed last asked. While it is not, nobody waits for
    /// it.
    reachable: Arc<AtomicBool>,
}

impl Database {
    /// Opens the database, creates it where it is missing (SQLite) and brings its schema up to
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
                (
                    Engine::Sqlite { write_lock: Arc::default() },
                    format!("sqlite:{}", path.display()),
                )
            }
            DatabaseUrl::Postgres(url) => (Engine::Postgres, url.clone()),
        };
        let options = sqlx_url.parse::<AnyConnectOptions>()?;
        // One connection by itself first: a pool would go on trying until its patience ends, and
        // then not say what was wrong. Migrating may take long, and has no time-outs.
        let first = timeout(CONNECT_TIMEOUT, AnyConnection::connect_with(&options));
        let mut first = first.await.map_err(|_| DatabaseError::NoAnswer)??;
        if let DatabaseUrl::Sqlite(path) = url {
            sqlite::set_up(&mut first).await?;
            sqlite::turn_on_wal(&mut first).await?;
            sqlite::tell_unless_private(path);
        }
        migrations::run(&mut first, &engine).await?;
        first.close().await?;
        Ok(Self {
            url: url.clone(),
            pool: engine.pool().connect_lazy_with(options.clone()),
            feed_pool: engine.pool().max_connections(1).connect_lazy_with(options),
            engine,
            reachable: Arc::new(AtomicBool::new(true)),
        })
    }

    pub(super) fn is_reachable(&self) -> bool {
        self.reachable.load(Ordering::Relaxed)
    }

    pub(super) fn set_reachable(&self, reachable: bool) {
        self.reachable.store(reachable, Ordering::Relaxed);
    }
}
