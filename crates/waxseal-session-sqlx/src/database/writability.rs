//! Finding out what the database can do: every poll asks, and a failed write shows it.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use sqlx::Connection;
use tokio::time::timeout;

use super::{
    Database, DatabaseError, PoolMember, PooledConnection, SessionPool, file::DatabaseFile,
};

/// How long to wait for the answer: longer than SQLite waits for other writers.
const CHECK_TIMEOUT: Duration = Duration::from_secs(3);

/// What the database can do, as of the latest poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseStatus {
    /// It can be read and written.
    Writable,
    /// It can only be read: the server or the disk is read-only, or the disk is full.
    ReadOnly,
    /// The SQLite file was removed or replaced, so what is written would be lost.
    FileGone,
    /// It does not answer.
    Unreachable,
}

/// The current status, shared by the clones of a database.
#[derive(Debug, Clone)]
pub(super) struct StatusCell(Arc<Mutex<DatabaseStatus>>);

impl Default for StatusCell {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(DatabaseStatus::Writable)))
    }
}

impl StatusCell {
    pub(super) fn get(&self) -> DatabaseStatus {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sets the status. Returns the one before.
    pub(super) fn replace(&self, status: DatabaseStatus) -> DatabaseStatus {
        std::mem::replace(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner), status)
    }
}

impl Database {
    /// Sets the status after a poll for revocations: over this connection, or it has failed.
    pub(crate) async fn update_status(&self, poll: Result<&mut PooledConnection, &DatabaseError>) {
        if self.check_file().is_err() {
            return self.set_status(DatabaseStatus::FileGone);
        }
        match poll {
            Ok(connection) => {
                let finding = timeout(CHECK_TIMEOUT, self.find_status(connection));
                if let Ok(status) = finding.await {
                    self.set_status(status);
                }
            }
            Err(DatabaseError::Database(_)) => self.set_status(DatabaseStatus::Unreachable),
            // It answers, but late.
            Err(_) => {}
        }
    }

    async fn find_status(&self, connection: &mut PooledConnection) -> DatabaseStatus {
        if !self.file.as_ref().is_none_or(DatabaseFile::is_writable) {
            return DatabaseStatus::ReadOnly;
        }
        match self.can_write(connection).await {
            Ok(true) => DatabaseStatus::Writable,
            Ok(false) => DatabaseStatus::ReadOnly,
            Err(error) if error.is_read_only() => DatabaseStatus::ReadOnly,
            // Another process has the write lock: that is no answer.
            Err(_) if !self.pool.is_postgres() => self.status(),
            Err(_) => DatabaseStatus::Unreachable,
        }
    }

    async fn can_write(&self, connection: &mut PooledConnection) -> Result<bool, DatabaseError> {
        if !self.pool.is_postgres() && self.status() != DatabaseStatus::ReadOnly {
            // SQLite finds out when it writes.
            return Ok(true);
        }
        let found = may_write(connection).await;
        if !matches!(found, Ok(true)) {
            // After a failover the next one may lead to the new primary. And a transaction that SQLite has
            // rolled back by itself is still open for sqlx.
            connection.discard();
        }
        let can_write = found?;
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
