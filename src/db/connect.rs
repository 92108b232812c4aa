//! Opens the database with waxseal's tables.

use waxseal_session_sqlx::{Database, DatabaseError, DatabaseUrl, Migrations};

const ACCOUNT_MIGRATIONS: Migrations = Migrations {
    table: "_waxseal_migrations",
    list: &[(1, "accounts", include_str!("../../migrations/0001_accounts.sql"))],
};

/// Opens the database, creates the file if it is missing (SQLite), and runs the migrations.
///
/// # Errors
///
/// If it can't be opened or migrated.
pub async fn connect(url: &DatabaseUrl) -> Result<Database, DatabaseError> {
    let database = Database::connect(url).await?;
    database.migrate(&ACCOUNT_MIGRATIONS).await?;
    Ok(database)
}
