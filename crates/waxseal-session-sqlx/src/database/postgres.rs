//! What is particular to PostgreSQL: its time-outs, and the lock under which it is migrated.

use sqlx::{AnyConnection, AssertSqlSafe, Executor};

/// Row locks are taken by the statements themselves; each sees what was committed before it.
pub(super) const BEGIN_WRITE: &str = "BEGIN";

/// Sets up a connection. The server gives up half a second before this side does, so that the
/// connection stays usable.
pub(super) async fn set_up(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let settings = "SET statement_timeout = '2500ms'; \
         SET lock_timeout = '2000ms'; \
         SET idle_in_transaction_session_timeout = '10s';";
    connection.execute(settings).await.map(drop)
}

/// The number of the lock for migrating; other programs on the same database will hardly use it.
const MIGRATION_LOCK: i64 = i64::from_be_bytes(*b"waxsealm");

/// Lets one node at a time migrate: the others wait, and find it done. The lock goes with the
/// transaction.
pub(super) async fn lock_migrations(transaction: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let lock = format!("SELECT pg_advisory_xact_lock({MIGRATION_LOCK})");
    transaction.execute(AssertSqlSafe(lock)).await.map(drop)
}
