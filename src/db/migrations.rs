//! Bringing the schema up to date.

use sqlx::{
    AnyConnection, Connection, Row,
    migrate::{Migration, MigrationType, Migrator},
};

use super::{engine::Engine, error::DatabaseError, postgres, sqlite};

/// The newest last. A migration that has been published never changes.
const MIGRATIONS: [(i64, &str, &str); 3] = [
    (1, "accounts and sessions", include_str!("../../migrations/0001_accounts_and_sessions.sql")),
    (2, "login failures", include_str!("../../migrations/0002_login_failures.sql")),
    (3, "indexes", include_str!("../../migrations/0003_indexes.sql")),
];

/// Makes the migrations that were not made yet. Of processes that start together one does it, the
/// others wait for it.
pub(super) async fn run(
    connection: &mut AnyConnection,
    engine: &Engine,
) -> Result<(), DatabaseError> {
    if is_up_to_date(connection).await {
        return Ok(());
    }
    let mut transaction = match engine {
        Engine::Sqlite { .. } => connection.begin_with(sqlite::BEGIN_MIGRATION).await?,
        Engine::Postgres => {
            let mut transaction = connection.begin_with(postgres::BEGIN_WRITE).await?;
            postgres::lock_migrations(&mut transaction).await?;
            transaction
        }
    };
    migrator().run(&mut *transaction).await?;
    Ok(transaction.commit().await?)
}

/// Whether the newest migration was made, and none that is newer still. It only reads: who just
/// looks at a database waits for no writer.
async fn is_up_to_date(connection: &mut AnyConnection) -> bool {
    let newest = MIGRATIONS.last().map(|(version, ..)| *version);
    let made = sqlx::query("SELECT MAX(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(connection)
        .await
        .and_then(|row| row.try_get::<Option<i64>, _>(0));
    // Not even the table is there in a new database.
    made.is_ok_and(|made| made == newest)
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, description, sql)| {
        Migration::new(
            version,
            description.into(),
            MigrationType::Simple,
            sqlx::SqlSafeStr::into_sql_str(sql),
            false,
        )
    });
    let mut migrator = Migrator::with_migrations(migrations.into());
    // The transaction that it runs in has the lock.
    migrator.set_locking(false);
    migrator
}
