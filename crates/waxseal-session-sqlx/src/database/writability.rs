//! Finding out what the database can do: every poll asks, and a write that fails tells.

use sqlx::Connection;
use tokio::time::{Duration, timeout};

use super::{Database, DatabaseError, DatabaseStatus, PoolMember, PooledConnection, SessionPool};

/// How long to wait for the answer: longer than SQLite waits for other writers.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

impl Database {
    /// Sets the status after a poll for revocations, which may have failed.
    pub(crate) async fn update_status(&self, poll: Result<(), &DatabaseError>) {
        let found = match poll {
            Ok(()) => timeout(CHECK_TIMEOUT, self.find_status()).await,
            Err(DatabaseError::Database(_)) => Ok(DatabaseStatus::Unreachable),
            // It answers, but late.
            Err(_) => return,
        };
        match found {
            Ok(status) => self.set_status(status),
            Err(_elapsed) => {}
        }
    }

    async fn find_status(&self) -> DatabaseStatus {
        if let Some(file) = &self.file {
            if file.check().is_err() {
                return DatabaseStatus::FileGone;
            }
            if !file.is_writable() {
                return DatabaseStatus::ReadOnly;
            }
        }
        match self.can_write().await {
            Ok(true) => DatabaseStatus::Writable,
            Ok(false) => DatabaseStatus::ReadOnly,
            Err(error) if error.is_read_only() => DatabaseStatus::ReadOnly,
            // Another process has the write lock: that is no answer.
            Err(_) if !self.pool.is_postgres() => self.status(),
            Err(_) => DatabaseStatus::Unreachable,
        }
    }

    async fn can_write(&self) -> Result<bool, DatabaseError> {
        if !self.pool.is_postgres() && self.status() != DatabaseStatus::ReadOnly {
            // SQLite finds out when it writes.
            return Ok(true);
        }
        let mut connection = self.acquire_to_poll().await?;
        let can_write = may_write(&mut connection).await?;
        if !can_write {
            // After a failover the next one may lead to the new primary.
            connection.discard();
        }
        if self.pool.is_postgres() && !(can_write && self.status() == DatabaseStatus::Writable) {
            // Also when that has been found: those that are idle still lead to the old one.
            self.found_read_only();
        }
        Ok(can_write)
    }

    /// After a write has failed.
    pub(super) fn note_failed_write(&self, error: &DatabaseError) {
        if error.is_read_only() {
            self.found_read_only();
        }
    }

    /// On PostgreSQL it was this connection that can't write: others may lead elsewhere.
    pub(super) fn found_read_only(&self) {
        match &self.pool {
            SessionPool::Sqlite(_) => self.set_status(DatabaseStatus::ReadOnly),
            SessionPool::Postgres(_) if self.is_shared => {}
            SessionPool::Postgres(_) => self.pool.discard_idle(),
        }
    }

    fn set_status(&self, status: DatabaseStatus) {
        let before = self.status.replace(status);
        if before == status {
            return;
        }
        match (status, &self.file) {
            (DatabaseStatus::ReadOnly, Some(_)) => {
                log::error!("database: can't be written to: the disk is read-only or full");
            }
            (DatabaseStatus::ReadOnly, None) => {
                log::error!("database: the server is read-only; looking for one that is not");
            }
            (DatabaseStatus::FileGone, Some(file)) => {
                if let Err(gone) = file.check() {
                    log::error!("database: writes are refused: {gone}");
                }
            }
            // The revocation feed says so.
            (DatabaseStatus::Unreachable, _) => {}
            _ if before == DatabaseStatus::Unreachable => {}
            _ => log::info!("database: can be written to again"),
        }
    }
}

/// Whether the server lets this connection write. On SQLite it writes what is there already.
async fn may_write(connection: &mut PooledConnection) -> Result<bool, DatabaseError> {
    match &mut connection.member {
        PoolMember::Postgres(connection) => {
            let setting = sqlx::query_scalar("SELECT current_setting('transaction_read_only')");
            let read_only: String = setting.fetch_one(&mut **connection).await?;
            Ok(read_only == "off")
        }
        PoolMember::Sqlite(connection) => {
            let mut transaction = connection.begin_with(super::sqlite::BEGIN_WRITE).await?;
            let version: i64 =
                sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
            let same = format!("PRAGMA user_version = {version}");
            sqlx::query(sqlx::AssertSqlSafe(same)).execute(&mut *transaction).await?;
            transaction.commit().await?;
            Ok(true)
        }
    }
}
