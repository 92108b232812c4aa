//! What is particular to SQLite: its file, its settings, its one writer.

use std::{fs::OpenOptions, io, path::Path, time::Duration};

use sqlx::{AnyConnection, AssertSqlSafe, Executor, Row};
use tokio::time::sleep;

/// How long the holder of the write lock waits for writers of other processes.
pub(super) const BUSY_TIMEOUT: Duration = Duration::from_secs(2);

/// A transaction that will write takes the write lock at its beginning: a lock taken later could
/// not be waited for.
pub(super) const BEGIN_WRITE: &str = "BEGIN IMMEDIATE";

/// Two processes may start at once: the second waits, and finds it done.
pub(super) const BEGIN_MIGRATION: &str = "BEGIN EXCLUSIVE";

/// Creates the database's file so that only its owner can read it: SQLite gives the files beside
/// it (`-wal`, `-shm`) the same mode.
pub(super) fn create_private(path: &Path) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        created => created.map(drop),
    }
}

/// For a file that was there before: its mode is its owner's business.
#[cfg(unix)]
pub(super) fn warn_unless_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt;

    let mode = path.metadata().map_or(0, |file| file.permissions().mode() & 0o777);
    if mode & 0o077 != 0 {
        log::warn!("{} can be read by others than its owner (mode {mode:o})", path.display());
    }
}

#[cfg(not(unix))]
pub(super) fn warn_unless_private(_: &Path) {}

/// Sets up a connection. With FULL every commit is on the disk before it is acknowledged.
pub(super) async fn set_up(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let pragmas = format!(
        "PRAGMA busy_timeout = {}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        BUSY_TIMEOUT.as_millis()
    );
    connection.execute(AssertSqlSafe(pragmas)).await.map(drop)
}

/// WAL lets readers go on while one process writes. The database stays in this mode: only the first
/// process that opens a new one changes anything, and wants it for itself for that moment. SQLite does
/// not wait for the others then, whatever the busy timeout is, so this does.
pub(super) async fn turn_on_wal(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    const TRIES: u32 = 250;
    const PAUSE: Duration = Duration::from_millis(10);
    let mut tries = 1;
    loop {
        match sqlx::query("PRAGMA journal_mode = WAL").fetch_one(&mut *connection).await {
            Err(error) if is_busy(&error) && tries < TRIES => tries += 1,
            mode => {
                warn_unless_wal(mode?.try_get(0)?);
                return Ok(());
            }
        }
        sleep(PAUSE).await;
    }
}

fn warn_unless_wal(mode: &str) {
    if mode != "wal" {
        log::warn!("SQLite keeps its journal as {mode:?}, not WAL: readers wait for writers");
    }
}

/// SQLITE_BUSY, as it is or with one of the details that stand above the first byte.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}
