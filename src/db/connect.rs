//! Opens the database with waxseal's tables.

use waxseal_session_sqlx::{ConnectionLimit, Database, DatabaseError, DatabaseUrl, Migrations};

pub(super) const ACCOUNT_MIGRATIONS: Migrations = Migrations {
    table: "_waxseal_migrations",
    list: &[(1, "accounts", include_str!("../../migrations/0001_accounts.sql"))],
};

/// Opens the database, creates the file if it is missing (SQLite), and runs the migrations.
///
/// # Errors
///
/// If it can't be opened or migrated.
pub async fn connect(url: &DatabaseUrl) -> Result<Database, DatabaseError> {
    connect_with(url, ConnectionLimit::DEFAULT).await
}

/// The same with another limit of connections.
///
/// # Errors
///
/// If it can't be opened or migrated.
pub async fn connect_with(
    url: &DatabaseUrl,
    limit: ConnectionLimit,
) -> Result<Database, DatabaseError> {
    // Before anything is created or changed in a database of another program.
    if let Some(existing) = Database::open_unchanged(url).await? {
        let checked = existing.check_tables(&ACCOUNT_MIGRATIONS).await;
        existing.close_unchanged().await;
        checked?;
    }
    let database = Database::connect_with(url, limit).await?;
    database.migrate(&ACCOUNT_MIGRATIONS).await?;
    Ok(database)
}
