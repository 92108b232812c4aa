//! Looking at a database without creating, changing or migrating it.

use sqlx::{AssertSqlSafe, Connection, PgConnection, Row, SqliteConnection, migrate::MigrateError};
use tokio::time::timeout;

use super::{
    Database, DatabaseError, DatabaseUrl, OpenError,
    connection::DatabaseConnection,
    for_requests,
    migrations::{CONNECT_TIMEOUT, Migrations, SESSION_MIGRATIONS},
    postgres, postgres_pool, sqlite, sqlite_pool, url,
};

/// Few: this process is not the server.
const CONNECTIONS: u32 = 2;

impl Database {
    /// Opens a database as it is. `None` if it is a SQLite file that does not exist, and that
    /// [`connect`](Self::connect) would create.
    ///
    /// # Errors
    ///
    /// If the database can't be opened, or the file could not be created.
    pub async fn open_unchanged(url: &DatabaseUrl) -> Result<Option<Self>, DatabaseError> {
        match url {
            DatabaseUrl::Sqlite(path) => {
                let Some(options) = sqlite::look(path)? else { return Ok(None) };
                let opening = async {
                    let mut first = SqliteConnection::connect_with(&options).await?;
                    sqlx::query("PRAGMA schema_version").fetch_one(&mut first).await?;
                    first.close().await
                };
                opening.await.map_err(|error| OpenError::explain_sqlite(path, error))?;
                let pool = || sqlite_pool(for_requests(CONNECTIONS), options.clone(), None).into();
                Ok(Some(Self::of(pool(), pool(), false, None)))
            }
            DatabaseUrl::Postgres(url) => {
                let options = url::postgres_options(url)?;
                url::check_root_certificate(url)?;
                let pool =
                    || postgres_pool(for_requests(CONNECTIONS), options.clone(), "2500ms").into();
                let database = Self::of(pool(), pool(), false, None);
                let checking = async {
                    // Outside the pool, which would hide the cause.
                    let connecting = timeout(CONNECT_TIMEOUT, PgConnection::connect_with(&options));
                    let mut first = connecting.await.map_err(|_| sqlx::Error::PoolTimedOut)??;
                    postgres::check_server(&mut DatabaseConnection::from(&mut first)).await?;
                    Ok(first.close().await?)
                };
                checking.await.map_err(|error| database.explain(error))?;
                Ok(Some(database))
            }
        }
    }

    /// Closes the connections of a database that was opened to be looked at.
    pub async fn close_unchanged(&self) {
        tokio::join!(self.pool.close(), self.feed_pool.close());
    }

    /// How many migrations are still to run: those of the session table, and an app's.
    ///
    /// # Errors
    ///
    /// If the database fails, or records migrations that are not in the lists.
    pub async fn pending_migrations(&self, of_app: &Migrations) -> Result<usize, DatabaseError> {
        let mut pending = 0;
        for migrations in [&SESSION_MIGRATIONS, of_app] {
            let counted = self.pending(migrations).await;
            pending += counted
                .map_err(|error| self.explain(OpenError::explain_migration(error, migrations)))?;
        }
        Ok(pending)
    }

    async fn pending(&self, migrations: &Migrations) -> Result<usize, DatabaseError> {
        let exists = match self.is_postgres() {
            true => "SELECT 1 WHERE to_regclass($1) IS NOT NULL",
            false => "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = $1",
        };
        if self.fetch_optional(sqlx::query(exists).bind(migrations.table)).await?.is_none() {
            return Ok(migrations.list.len());
        }
        let sql = format!("SELECT version, checksum FROM {} WHERE success", migrations.table);
        let rows = self.fetch_all(sqlx::query(AssertSqlSafe(sql))).await?;
        for row in &rows {
            match migrations.recorded(row) {
                Some(true) => {}
                Some(false) => {
                    return Err(MigrateError::VersionMismatch(row.try_get("version")?).into());
                }
                None => return Err(MigrateError::VersionMissing(row.try_get("version")?).into()),
            }
        }
        Ok(migrations.list.len().saturating_sub(rows.len()))
    }

    /// Whether the database is PostgreSQL.
    pub fn is_postgres(&self) -> bool {
        self.pool.is_postgres()
    }
}
