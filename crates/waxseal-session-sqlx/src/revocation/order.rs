//! The order of commits.
//!
//! A clock can't order revocations: clocks differ, and a transaction commits after it has asked for the
//! time, sometimes minutes later. So each revoked row has a number:
//!
//! - On SQLite, which has one writer at a time, the highest number so far plus one. A reader that has
//!   seen one has seen all lower ones.
//! - On PostgreSQL the id of the transaction. A reader that knows which transactions were still running
//!   when it last read (`xmin`, the oldest of them) reads from there again, and so misses none.

/// SQL for the number of a revocation that this transaction makes.
pub(crate) const fn next_in_order(is_postgres: bool) -> &'static str {
    match is_postgres {
        true => "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
        false => {
            "(SELECT COALESCE(MAX(revoked_seq), 0) + 1 FROM waxseal_sessions WHERE revoked_seq >= 0)"
        }
    }
}

/// What a poll on PostgreSQL begins with: which server this is, and its oldest running transaction.
pub(super) const POSTGRES_POSITION: &str =
    "SELECT CAST(EXTRACT(EPOCH FROM pg_postmaster_start_time()) * 1000000 AS BIGINT) AS server,
        CAST(CAST(pg_snapshot_xmin(pg_current_snapshot()) AS TEXT) AS BIGINT) AS sequence";

/// Above the number of every revocation that this server's transactions have made so far. What lies
/// above it comes from the dump of another server.
pub(super) const POSTGRES_END: &str =
    "CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS TEXT) AS BIGINT)";
