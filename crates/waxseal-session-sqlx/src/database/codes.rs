//! The codes by which the databases tell their errors apart.

/// SQLite's primary result codes, <https://www.sqlite.org/rescode.html>.
pub(super) const BUSY: u32 = 5;
pub(super) const READONLY: u32 = 8;
pub(super) const IOERR: u32 = 10;
pub(super) const CORRUPT: u32 = 11;
pub(super) const FULL: u32 = 13;
pub(super) const CANTOPEN: u32 = 14;
pub(super) const NOTADB: u32 = 26;

/// PostgreSQL's SQLSTATE, also for the limit of a role or of a database.
pub(super) const TOO_MANY_CONNECTIONS: &str = "53300";

/// The SQLSTATE of PostgreSQL, or the result code of SQLite.
pub(super) fn code_of(error: &sqlx::Error) -> Option<String> {
    Some(error.as_database_error()?.code()?.into_owned())
}

/// SQLite's primary result code: the lowest byte of an extended one.
pub(super) fn sqlite_code_of(error: &sqlx::Error) -> Option<u32> {
    let error = error.as_database_error()?.try_downcast_ref::<sqlx::sqlite::SqliteError>()?;
    let code: u32 = sqlx::error::DatabaseError::code(error)?.parse().ok()?;
    Some(code & 0xff)
}
