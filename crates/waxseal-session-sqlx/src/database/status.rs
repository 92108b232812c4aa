//! What the database can do, as of the latest poll.

use std::sync::{Arc, Mutex, PoisonError};

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
