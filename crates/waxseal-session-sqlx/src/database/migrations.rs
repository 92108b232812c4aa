//! Schema migrations.

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, Connection, PgConnection, Pool, Row, SqlSafeStr, SqliteConnection,
    any::AnyRow,
    migrate::{Migrate, Migration, MigrationType, Migrator},
};
use tokio::time::timeout;

use super::{connection::DatabaseConnection, error::DatabaseError, postgres, sqlite};

/// How long to wait for a database server to answer at startup.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The migrations of one component. Each component records its own in its own table, so the session
/// store, waxseal and an app can share a database.
#[derive(Debug, Clone, Copy)]
pub struct Migrations {
    /// The table that records which migrations have run.
    pub table: &'static str,
    /// The version, description and SQL of each migration, newest last. A published migration must never
    /// change.
    pub list: &'static [(i64, &'static str, &'static str)],
}

pub(super) const SESSION_MIGRATIONS: Migrations = Migrations {
    table: "_waxseal_session_migrations",
    list: &[(1, "sessions", include_str!("../../migrations/0001_sessions.sql"))],
};

/// A connection that migrations run on.
pub(super) trait Migrates:
    Connection<Database: sqlx::Database<Connection = Self>> + Migrate
{
}

impl Migrates for SqliteConnection {}

impl Migrates for PgConnection {}

impl Migrations {
    /// Runs the pending migrations on a connection outside the pool: a pool would retry until its timeout
    /// and hide the cause, and its connections have a statement timeout.
    pub(super) async fn run_beside<C: Migrates>(
        &self,
        pool: &Pool<C::Database>,
    ) -> Result<(), DatabaseError>
    where
        for<'c> DatabaseConnection<'c>: From<&'c mut C>,
    {
        let options = pool.connect_options();
        let connection = timeout(CONNECT_TIMEOUT, C::connect_with(&options));
        let mut connection = connection.await.map_err(|_| sqlx::Error::PoolTimedOut)??;
        self.run(&mut connection).await?;
        Ok(Connection::close(connection).await?)
    }

    /// Runs the pending migrations. If several processes start together, one runs them and the others
    /// wait.
    pub(super) async fn run<C: Migrates>(&self, connection: &mut C) -> Result<(), DatabaseError>
    where
        for<'c> DatabaseConnection<'c>: From<&'c mut C>,
    {
        let is_postgres = DatabaseConnection::from(&mut *connection).is_postgres;
        if is_postgres {
            postgres::check_server(&mut DatabaseConnection::from(&mut *connection)).await?;
        }
        if self.is_up_to_date(DatabaseConnection::from(&mut *connection)).await {
            return Ok(());
        }
        let begin = if is_postgres { postgres::BEGIN_WRITE } else { sqlite::BEGIN_MIGRATION };
        let mut transaction = connection.begin_with(begin).await?;
        if is_postgres {
            let lock = sqlx::query(postgres::LOCK_MIGRATIONS);
            DatabaseConnection::from(&mut *transaction).execute(lock).await?;
        }
        self.migrator().run_direct(None, &mut *transaction, false).await?;
        Ok(transaction.commit().await?)
    }

    /// Whether exactly these migrations have run. This only reads, so a process that just reads the
    /// database never waits for a writer.
    async fn is_up_to_date(&self, mut connection: DatabaseConnection<'_>) -> bool {
        let table = self.table;
        let sql = format!("SELECT version, checksum FROM {table} WHERE success ORDER BY version");
        // A new database has no such table.
        let Ok(rows) = connection.fetch_all(sqlx::query(AssertSqlSafe(sql))).await else {
            return false;
        };
        let migrator = self.migrator();
        let migrations = migrator.iter();
        rows.len() == migrations.len()
            && rows.iter().zip(migrations).all(|(row, migration)| records(row, migration))
    }

    /// Whether a row records a migration as this list has it; `None` if it is not in the list.
    pub(super) fn recorded(&self, row: &AnyRow) -> Option<bool> {
        let migrator = self.migrator();
        let version = row.try_get::<i64, _>("version").ok()?;
        let migration = migrator.iter().find(|migration| migration.version == version)?;
        Some(records(row, migration))
    }

    /// Whether this migration is later than those in the list.
    pub(super) fn is_newer(&self, version: i64) -> bool {
        self.list.iter().all(|(known, ..)| *known < version)
    }

    fn migrator(&self) -> Migrator {
        let migrations = self.list.iter().map(|&(version, description, sql)| {
            let kind = MigrationType::Simple;
            Migration::new(version, description.into(), kind, sql.into_sql_str(), false)
        });
        let mut migrator = Migrator::with_migrations(migrations.collect());
        // "Dangerous" only if the database already records them in another table.
        migrator.dangerous_set_table_name(self.table);
        // The transaction it runs in already holds the lock.
        migrator.set_locking(false);
        migrator
    }
}

/// Whether a row records this migration, with the same SQL.
fn records(row: &AnyRow, migration: &Migration) -> bool {
    row.try_get::<i64, _>("version").is_ok_and(|version| version == migration.version)
        && row
            .try_get::<Vec<u8>, _>("checksum")
            .is_ok_and(|checksum| checksum == *migration.checksum)
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Database, DatabaseUrl, OpenError},
        *,
    };

    const FIRST: (i64, &str, &str) = (1, "notes", "CREATE TABLE notes (id TEXT NOT NULL)");
    const SECOND: (i64, &str, &str) = (2, "labels", "CREATE TABLE labels (id TEXT NOT NULL)");

    const fn notes(list: &'static [(i64, &'static str, &'static str)]) -> Migrations {
        Migrations { table: "_notes_migrations", list }
    }

    fn url(folder: &tempfile::TempDir) -> DatabaseUrl {
        format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap()
    }

    #[actix_web::test]
    async fn changed_missing_and_unknown_migrations_are_refused() {
        const CHANGED: (i64, &str, &str) = (1, "notes", "CREATE TABLE notes (id BIGINT)");
        let folder = tempfile::tempdir().unwrap();
        let database = Database::connect(&url(&folder)).await.unwrap();
        for list in [&[FIRST][..], &[FIRST], &[FIRST, SECOND], &[FIRST, SECOND]] {
            database.migrate(&notes(list)).await.unwrap();
        }
        let refused = async |list| match database.migrate(&notes(list)).await {
            Err(DatabaseError::Open(error)) => error,
            other => panic!("{other:?}"),
        };
        let changed = refused(&[CHANGED, SECOND]).await;
        assert!(matches!(changed, OpenError::OtherMigration { version: 1, .. }), "{changed:?}");
        let newer = refused(&[FIRST]).await;
        assert!(matches!(newer, OpenError::NewerVersion { version: 2, .. }), "{newer:?}");
        let missing = refused(&[SECOND]).await;
        assert!(matches!(missing, OpenError::OtherMigration { version: 1, .. }), "{missing:?}");
    }

    #[actix_web::test]
    async fn processes_that_start_together_run_the_migrations_once() {
        let folder = tempfile::tempdir().unwrap();
        let url = url(&folder);
        let starts = (0..8).map(|_| {
            let url = url.clone();
            actix_web::rt::spawn(async move {
                Database::connect(&url).await?.migrate(&notes(&[FIRST])).await
            })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap().unwrap();
        }
    }
}
