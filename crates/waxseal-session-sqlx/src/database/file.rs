//! The SQLite file on disk: whether it is still the one that was opened, and who can read it.
//!
//! A process that has a file open goes on writing to it after it was removed or replaced, and what it
//! writes is gone when it closes the file.

use std::{
    fs::Metadata,
    io,
    path::{Path, PathBuf},
};

/// The journal mode in which the latest commits are in a file of their own.
pub(super) const WAL: &str = "wal";

/// The file that was opened.
#[derive(Debug, Clone)]
pub(super) struct DatabaseFile {
    path: PathBuf,
    identity: Identity,
    /// The file beside it that holds the latest commits, in WAL mode.
    wal: Option<PathBuf>,
}

/// The file at the path is not the one that was opened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "the database file {} was removed or replaced while it was open: put it back, or restart",
    .0.display()
)]
pub struct FileGone(PathBuf);

impl DatabaseFile {
    /// Remembers the file at this path; `None` if there is none, as of a database in memory.
    pub(super) fn at(path: &Path) -> Option<Self> {
        let path = std::path::absolute(path).ok()?;
        let identity = Identity::of(&path.metadata().ok()?);
        Some(Self { path, identity, wal: None })
    }

    /// The same in this journal mode.
    pub(super) fn in_journal_mode(self, mode: &str) -> Self {
        if mode != WAL {
            return self;
        }
        let mut wal = self.path.clone().into_os_string();
        wal.push("-wal");
        Self { wal: Some(wal.into()), ..self }
    }

    /// # Errors
    ///
    /// If another file is at the path, or none.
    pub(super) fn check(&self) -> Result<(), FileGone> {
        match self.path.metadata() {
            Ok(found) if Identity::of(&found) == self.identity => Ok(()),
            Err(error) if !is_missing(&error) => {
                log::debug!("{} can't be examined: {error}", self.path.display());
                Ok(())
            }
            _ => Err(FileGone(self.path.clone())),
        }
    }

    /// Whether a commit that a connection has just made can be found by who opens the file next.
    ///
    /// # Errors
    ///
    /// If another file is at the path, or none, or if the WAL file was removed.
    pub(super) fn check_commit(&self) -> Result<(), FileGone> {
        self.check()?;
        match &self.wal {
            Some(wal) if wal.metadata().is_err_and(|error| is_missing(&error)) => {
                Err(FileGone(wal.clone()))
            }
            _ => Ok(()),
        }
    }

    /// Whether the file may be written. This notices a disk that has become read-only; other causes show
    /// when a write fails.
    #[cfg(unix)]
    pub(super) fn is_writable(&self) -> bool {
        use rustix::{
            fs::{Access, access},
            io::Errno,
        };

        access(&self.path, Access::WRITE_OK) != Err(Errno::ROFS)
    }

    #[cfg(not(unix))]
    pub(super) fn is_writable(&self) -> bool {
        true
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// Device and inode.
#[cfg(unix)]
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity(u64, u64);

#[cfg(unix)]
impl Identity {
    fn of(file: &Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;

        Self(file.dev(), file.ino())
    }
}

/// Windows does not let an open file be removed or replaced.
#[cfg(not(unix))]
#[derive(Debug, Clone, PartialEq, Eq)]
struct Identity;

#[cfg(not(unix))]
impl Identity {
    fn of(_: &Metadata) -> Self {
        Self
    }
}

/// The directory that the file is in.
pub(super) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// A warning if users other than the owner and the group can read a file of secrets. They can't where they
/// may not enter one of its folders.
#[cfg(unix)]
pub fn privacy_warning(path: &Path) -> Option<String> {
    use std::os::unix::fs::PermissionsExt;

    let file = path.canonicalize().ok()?;
    let mode = |path: &Path| path.metadata().map_or(0, |found| found.permissions().mode() & 0o777);
    let can_be_reached = || file.ancestors().skip(1).all(|folder| mode(folder) & 0o001 != 0);
    let told = file.is_file() && mode(&file) & 0o004 != 0 && can_be_reached();
    told.then(|| {
        let mode = mode(&file);
        format!("other users can read {} (mode {mode:o}): run chmod 600", path.display())
    })
}

/// There are no modes to look at.
#[cfg(not(unix))]
pub fn privacy_warning(_: &Path) -> Option<String> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use std::{fs, time::Duration};

    use sqlx::Row;
    use tokio::time::timeout;

    use super::*;
    use crate::database::Database;

    #[test]
    fn a_commit_needs_a_wal_file_in_wal_mode_alone() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let in_mode = |mode| DatabaseFile::at(file.path()).unwrap().in_journal_mode(mode);
        assert!(in_mode("delete").check_commit().is_ok());
        assert!(in_mode(WAL).check_commit().is_err());
    }

    /// It would go on using that one after the first is back, and what it writes would be lost.
    #[actix_web::test]
    async fn no_connection_is_opened_to_another_file_at_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let [path, elsewhere] = ["test.db", "elsewhere.db"].map(|name| folder.path().join(name));
        let url = format!("sqlite://{}", path.display());
        let database = Database::connect(&url.parse().unwrap()).await.unwrap();
        let mut first = database.acquire().await.unwrap();
        fs::rename(&path, &elsewhere).unwrap();
        fs::copy(&elsewhere, &path).unwrap();
        let further = timeout(Duration::from_millis(300), database.acquire()).await;
        assert!(further.is_err(), "there was none");
        fs::rename(&elsewhere, &path).unwrap();
        let mut second = database.acquire().await.unwrap();
        let create = sqlx::query("CREATE TABLE since (number INTEGER)");
        first.as_connection().execute(create).await.unwrap();
        let insert = sqlx::query("INSERT INTO since VALUES (1)");
        second.as_connection().execute(insert).await.unwrap();
        let query = sqlx::query("SELECT number FROM since");
        let rows = first.as_connection().fetch_all(query).await.unwrap();
        assert_eq!(rows[0].get::<i64, _>(0), 1);
    }
}
