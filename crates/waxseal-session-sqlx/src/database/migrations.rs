//! Schema migrations.

use sqlx::{
    AnyConnection, AssertSqlSafe, Connection, Row, SqlSafeStr,
    any::AnyRow,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{backend::Backend, error::DatabaseError, postgres, sqlite};

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

impl Migrations {
    /// Runs the pending migrations. If several processes start together, one runs them and the others
    /// wait.
    pub(super) async fn run(
        &self,
        connection: &mut AnyConnection,
        backend: &Backend,
    ) -> Result<(), DatabaseError> {
        if self.is_up_to_date(connection).await {
            return Ok(());
        }
        let mut transaction = match backend {
            Backend::Sqlite { .. } => connection.begin_with(sqlite::BEGIN_MIGRATION).await?,
            Backend::Postgres => {
                let mut transaction = connection.begin_with(postgres::BEGIN_WRITE).await?;
                postgres::lock_migrations(&mut transaction).await?;
                transaction
            }
        };
        self.migrator().run(&mut *transaction).await?;
        Ok(transaction.commit().await?)
    }

    /// Whether exactly these migrations have run. This only reads, so a process that just reads the
    /// database never waits for a writer.
    async fn is_up_to_date(&self, connection: &mut AnyConnection) -> bool {
        let table = self.table;
        let sql = format!("SELECT version, checksum FROM {table} WHERE success ORDER BY version");
        // A new database has no such table.
        let Ok(rows) = sqlx::query(AssertSqlSafe(sql)).fetch_all(connection).await else {
            return false;
        };
        let migrator = self.migrator();
        let migrations = migrator.iter();
        rows.len() == migrations.len()
            && rows.iter().zip(migrations).all(|(row, migration)| records(row, migration))
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
    use sqlx::migrate::MigrateError;

    use super::{
        super::{Database, DatabaseUrl},
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
            Err(DatabaseError::Migration(error)) => error,
            other => panic!("{other:?}"),
        };
        assert!(matches!(refused(&[CHANGED, SECOND]).await, MigrateError::VersionMismatch(1)));
        assert!(matches!(refused(&[FIRST]).await, MigrateError::VersionMissing(2)));
        assert!(matches!(refused(&[SECOND]).await, MigrateError::VersionMissing(1)));
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
