//! SQLite: the database file, the settings, and the journal mode.

use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    path::Path,
    time::Duration,
};

use sqlx::{
    Connection, Row, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteSynchronous},
};
use tokio::time::sleep;

use super::{
    codes::{BUSY, sqlite_code_of},
    error::DatabaseError,
    file::{DatabaseFile, WAL, folder_of, privacy_warning},
    open_error::OpenError,
};

/// How long the holder of the write lock waits for writers in other processes.
const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// Takes SQLite's write lock at the start. A transaction that reads first can't wait for it later.
pub(super) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// If two processes start together, the second waits until the first has run the migrations.
pub(super) const BEGIN_MIGRATION: &str = "BEGIN EXCLUSIVE";

/// Creates the file if it is missing, and checks that it is a database, in WAL mode if possible. Returns the
/// settings of its connections, and what tells whether the file is still there.
pub(super) async fn open(
    path: &Path,
) -> Result<(SqliteConnectOptions, Option<DatabaseFile>), DatabaseError> {
    if path.is_dir() {
        return Err(OpenError::Directory(path.to_owned()).into());
    }
    create_private(path).map_err(|error| OpenError::creating(path, error))?;
    check_access(path)?;
    let options = options(path);
    let opening = async {
        let mut first = SqliteConnection::connect_with(&options).await?;
        let mode = turn_on_wal(&mut first).await?;
        // The one that this connection has open.
        let file = DatabaseFile::at(path);
        first.close().await?;
        Ok(file.map(|file| file.in_journal_mode(&mode)))
    };
    let file = opening.await.map_err(|error| OpenError::explain_sqlite(path, error))?;
    warn_unless_private(path);
    Ok((options, file))
}

/// Checks that the file can be opened, or could be created: `None` then.
pub(super) fn look(path: &Path) -> Result<Option<SqliteConnectOptions>, OpenError> {
    if path.is_dir() {
        return Err(OpenError::Directory(path.to_owned()));
    }
    if !folder_of(path).is_dir() {
        return Err(OpenError::creating(path, io::ErrorKind::NotFound.into()));
    }
    check_access(path)?;
    Ok(path.exists().then(|| unchanged(path)))
}

/// Settings to look at a database with. A connection that may write would, as the last one to be closed,
/// bring the WAL of a killed server into the file. Where there is no WAL, the file is complete and no one has
/// it open: SQLite is told so, because it would create the files beside it, and leave them.
fn unchanged(path: &Path) -> SqliteConnectOptions {
    if !is_in_wal_mode(path) {
        return options(path);
    }
    let mut wal = path.as_os_str().to_owned();
    wal.push("-wal");
    options(path).read_only(true).immutable(!Path::new(&wal).exists())
}

/// As its header says (bytes 18 and 19 of SQLite's file format).
fn is_in_wal_mode(path: &Path) -> bool {
    let mut header = [0; 20];
    let read = File::open(path).and_then(|mut file| file.read_exact(&mut header));
    read.is_ok() && header[18..] == [2, 2]
}

/// SQLite's own errors name no file, and don't tell the causes apart.
#[cfg(unix)]
fn check_access(path: &Path) -> Result<(), OpenError> {
    use rustix::{
        fs::{Access, access},
        io::Errno,
    };

    let folder = folder_of(path);
    let file = access(path, Access::READ_OK | Access::WRITE_OK);
    match (file, access(folder, Access::WRITE_OK | Access::EXEC_OK)) {
        (Err(Errno::ROFS), _) | (_, Err(Errno::ROFS)) => Err(OpenError::ReadOnlyDisk(path.into())),
        (Err(Errno::ACCESS | Errno::PERM), _) => Err(OpenError::NoAccess(path.into())),
        (_, Err(Errno::ACCESS | Errno::PERM)) => {
            Err(OpenError::NoAccessToFolder { file: path.into(), folder: folder.into() })
        }
        _ => Ok(()),
    }
}

#[cfg(not(unix))]
fn check_access(_: &Path) -> Result<(), OpenError> {
    Ok(())
}

/// Creates the database file with mode 0600. SQLite gives the `-wal` and `-shm` files the same mode.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

/// Warns if other users can read the file. It doesn't change the mode of an existing file.
fn warn_unless_private(path: &Path) {
    if let Some(warning) = privacy_warning(path) {
        log::warn!("{warning}");
    }
}

/// With `synchronous = FULL`, a commit is on disk before it returns.
fn options(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .busy_timeout(BUSY_TIMEOUT)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
}

/// Turns on WAL mode, in which readers don't wait for a writer. The mode is stored in the database, so
/// only the first process changes it. That takes an exclusive lock, and SQLite ignores the busy timeout
/// for it, so this retries. Returns the mode, which is another where the file system can't share memory.
async fn turn_on_wal(connection: &mut SqliteConnection) -> Result<String, sqlx::Error> {
    const TRIES: u32 = 250;
    const PAUSE: Duration = Duration::from_millis(10);
    let mut tries = 1;
    loop {
        match sqlx::query("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await {
            Err(error) if is_busy(&error) && tries < TRIES => tries += 1,
            mode => {
                let mode: String = mode?.try_get(0)?;
                warn_unless_wal(&mode);
                return Ok(mode);
            }
        }
        sleep(PAUSE).await;
    }
}

fn warn_unless_wal(mode: &str) {
    if mode != WAL {
        log::warn!("SQLite uses journal mode {mode:?}, not WAL: readers wait for writers");
    }
}

fn is_busy(error: &sqlx::Error) -> bool {
    sqlite_code_of(error) == Some(BUSY)
}
