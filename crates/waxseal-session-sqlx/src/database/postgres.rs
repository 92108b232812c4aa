//! PostgreSQL: timeouts and the migration lock.

use sqlx::{AnyConnection, AssertSqlSafe, Executor};

/// READ COMMITTED: statements lock rows themselves, and each sees what was committed before it.
pub(super) const BEGIN_WRITE: &str = "BEGIN";

/// Sets up a connection. The server times out half a second before the client does, so that the
/// connection stays usable.
pub(super) async fn set_up(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let settings = "SET statement_timeout = '2500ms'; \
         SET lock_timeout = '2000ms'; \
         SET idle_in_transaction_session_timeout = '10s';";
    connection.execute(settings).await.map(drop)
}

/// The key of the advisory lock for migrations. Other programs are unlikely to use the same one.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"waxsealm");

/// Lets one node at a time run migrations. The lock is released when the transaction ends.
pub(super) async fn lock_migrations(transaction: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let lock = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
    transaction.execute(AssertSqlSafe(lock)).await.map(drop)
}
