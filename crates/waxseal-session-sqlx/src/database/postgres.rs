//! PostgreSQL: timeouts and the migration lock.

use sqlx::{AssertSqlSafe, Executor, PgConnection, Row};

use super::{connection::DatabaseConnection, error::DatabaseError, open_error::OpenError};

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

/// The oldest version that has what the queries need: the transaction ids by which revocations are ordered.
const OLDEST_VERSION: i32 = 13;

/// Refuses a server that would fail later, at some request.
pub(super) async fn check_server(
    connection: &mut DatabaseConnection<'_>,
) -> Result<(), DatabaseError> {
    let query = sqlx::query(
        "SELECT CAST(current_setting('server_version_num') AS INTEGER),
            current_setting('server_encoding')",
    );
    let row = connection.fetch_optional(query).await?.ok_or(sqlx::Error::RowNotFound)?;
    Ok(check_version_and_encoding(row.try_get(0)?, row.try_get(1)?)?)
}

fn check_version_and_encoding(number: i32, encoding: &str) -> Result<(), OpenError> {
    let version = number / 10_000;
    if version < OLDEST_VERSION {
        return Err(OpenError::OldServer { version, oldest: OLDEST_VERSION });
    }
    // A database in another encoding can't hold what people type, or what browsers send.
    match encoding {
        "UTF8" => Ok(()),
        other => Err(OpenError::Encoding(other.to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_old_server_and_an_encoding_that_is_not_utf_8_are_refused() {
        let refusal = |number, encoding| {
            check_version_and_encoding(number, encoding).unwrap_err().to_string()
        };
        assert!(refusal(120_022, "UTF8").contains("PostgreSQL 12 is too old"));
        assert!(refusal(90_624, "UTF8").contains("13 or later"));
        assert!(refusal(170_002, "LATIN1").contains("LATIN1"));
        for number in [130_000, 170_002] {
            check_version_and_encoding(number, "UTF8").unwrap();
        }
    }
}
