//! PostgreSQL: timeouts and the migration lock.

use sqlx::{AssertSqlSafe, Executor, PgConnection};

/// READ COMMITTED: statements lock rows themselves, and each sees what was committed before it.
pub(super) const BEGIN_WRITE: &str = "BEGIN";

/// Sets up a connection. The server times out half a second before the client does, so that the
/// connection stays usable.
pub(super) async fn set_up(
    connection: &mut PgConnection,
    statement_timeout: &str,
) -> Result<(), sqlx::Error> {
    let settings = format!(
        "SET statement_timeout = '{statement_timeout}'; \
         SET lock_timeout = '2000ms'; \
         SET idle_in_transaction_session_timeout = '10s';"
    );
    connection.execute(AssertSqlSafe(settings)).await.map(drop)
}

/// Lets one node at a time run migrations. The lock is released when the transaction ends. Its key is
/// "waxsealm" in ASCII; other programs are unlikely to use the same one.
pub(super) const LOCK_MIGRATIONS: &str = "SELECT pg_advisory_xact_lock(8602289200271813741)";
