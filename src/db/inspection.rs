//! What `waxseal check` finds in the database. Nothing is created, changed or migrated.

use sqlx::Row;
use waxseal_session::Timestamp;
use waxseal_session_sqlx::{Database, DatabaseError, DatabaseUrl};

use super::connect::ACCOUNT_MIGRATIONS;

/// A database as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// How many migrations the server would run.
    pub pending_migrations: usize,
    /// When the latest log-in was, if there is one.
    pub latest_log_in: Option<Timestamp>,
    /// The PostgreSQL server; `None` for SQLite.
    pub server: Option<DatabaseServer>,
}

/// A PostgreSQL server, as the user of the URL sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseServer {
    /// What time it has.
    pub now: Timestamp,
    /// Whether it takes no writes.
    pub is_read_only: bool,
    /// Whether the user may create tables.
    pub may_create_tables: bool,
    /// How many connections the user may have at most.
    pub max_connections: i64,
}

const SERVER: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) AS BIGINT),
        CAST(current_setting('transaction_read_only') = 'on' AS INTEGER),
        CAST(COALESCE(has_schema_privilege(current_schema(), 'CREATE'), FALSE) AS INTEGER),
        CAST(LEAST(
            CAST(current_setting('max_connections') AS INTEGER)
                - CAST(current_setting('superuser_reserved_connections') AS INTEGER),
            NULLIF(rolconnlimit, -1), NULLIF(datconnlimit, -1)
        ) AS BIGINT)
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()";

/// Looks at the database. `None` if it is a file that is still to be created.
///
/// # Errors
///
/// If it can't be opened, was migrated by a newer version, or fails.
pub async fn inspect(url: &DatabaseUrl) -> Result<Option<Inspection>, DatabaseError> {
    let Some(database) = Database::open_unchanged(url).await? else { return Ok(None) };
    database.check_tables(&ACCOUNT_MIGRATIONS).await?;
    let pending_migrations = database.pending_migrations(&ACCOUNT_MIGRATIONS).await?;
    let latest_log_in = match pending_migrations {
        0 => latest_log_in(&database).await?,
        // The table may be missing.
        _ => None,
    };
    let server = if database.is_postgres() { server(&database).await? } else { None };
    Ok(Some(Inspection { pending_migrations, latest_log_in, server }))
}

async fn latest_log_in(database: &Database) -> Result<Option<Timestamp>, DatabaseError> {
    let query = sqlx::query("SELECT at FROM login_events ORDER BY at DESC LIMIT 1");
    let row = database.fetch_optional(query).await?;
    Ok(row.map(|row| row.try_get(0)).transpose()?.map(Timestamp::from_unix))
}

async fn server(database: &Database) -> Result<Option<DatabaseServer>, DatabaseError> {
    let Some(row) = database.fetch_optional(sqlx::query(SERVER)).await? else { return Ok(None) };
    Ok(Some(DatabaseServer {
        now: Timestamp::from_unix(row.try_get(0)?),
        is_read_only: row.try_get::<i32, _>(1)? == 1,
        may_create_tables: row.try_get::<i32, _>(2)? == 1,
        max_connections: row.try_get(3)?,
    }))
}
