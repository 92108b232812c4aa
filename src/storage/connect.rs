//! Opening the database: the URL, the pool, the migrations.

use std::{
    fs::OpenOptions,
    io,
    ops::{Deref, DerefMut},
    path::{Path, PathBuf},
    str::FromStr,
    sync::Arc,
    time::Duration,
};

use sqlx::{
    Any, AnyConnection, AnyPool, AssertSqlSafe, Connection, Executor, Row, Transaction,
    any::{AnyConnectOptions, AnyPoolOptions},
    migrate::{Migration, MigrationType, Migrator},
};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    time::{sleep, timeout},
};

use super::error::StorageError;

/// How long a request waits for its turn to write. With all else it may wait for, a 503 comes
/// within 10 s.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);

/// How long whoever has the turn waits for writers of other processes.
const BUSY_TIMEOUT: Duration = Duration::from_millis(2500);

/// How long a request waits for a connection. Nobody keeps one while he waits for his turn, so
/// this is seldom long.
const CONNECTION_PATIENCE: Duration = Duration::from_secs(2);

/// The newest last. A migration that has been published never changes.
const MIGRATIONS: [(i64, &str, &str); 1] =
    [(1, "accounts and sessions", include_str!("../../migrations/0001_accounts_and_sessions.sql"))];

/// Where the database is: `sqlite://FILE`, relative to the working directory, or
/// `sqlite:///ABSOLUTE/FILE`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    path: PathBuf,
}

impl DatabaseUrl {
    /// The file that is not there yet, so that opening the database would create it.
    pub fn missing_file(&self) -> Option<&Path> {
        matches!(self.path.try_exists(), Ok(false)).then_some(&*self.path)
    }
}

impl FromStr for DatabaseUrl {
    type Err = InvalidDatabaseUrl;

    fn from_str(url: &str) -> Result<Self, InvalidDatabaseUrl> {
        let rest = url.strip_prefix("sqlite:").ok_or(InvalidDatabaseUrl)?;
        let path = rest.strip_prefix("//").unwrap_or(rest);
        if path.is_empty() || path.starts_with(':') || path.contains(['?', '#', '%', '\0']) {
            return Err(InvalidDatabaseUrl);
        }
        Ok(Self { path: path.into() })
    }
}

/// Not the URL of a database that waxseal can use. (What was given is not repeated: a URL may
/// hold a password.)
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it must read sqlite://FILE, without ?, # and %")]
pub struct InvalidDatabaseUrl;

/// The database. Clones share one pool of connections.
#[derive(Debug, Clone)]
pub struct Storage {
    pub(super) pool: AnyPool,
    /// SQLite has one writer at a time. Who waits for it waits here, without a connection, so that
    /// readers always find one.
    turn: Arc<Mutex<()>>,
}

/// A transaction that writes.
pub(super) struct Write {
    transaction: Transaction<'static, Any>,
    _turn: OwnedMutexGuard<()>,
}

impl Storage {
    /// Opens the database, creates it where it is missing and brings its schema up to date.
    ///
    /// # Errors
    ///
    /// When it can't be opened or migrated.
    pub async fn connect(url: &DatabaseUrl) -> Result<Self, StorageError> {
        create_private(&url.path).map_err(|error| StorageError::File(url.path.clone(), error))?;
        sqlx::any::install_default_drivers();
        let options = format!("sqlite:{}", url.path.display()).parse::<AnyConnectOptions>()?;
        // One connection by itself first: the pool would go on trying until its patience ends, and
        // then not say what was wrong.
        let mut first = AnyConnection::connect_with(&options).await?;
        first.execute(AssertSqlSafe(pragmas())).await?;
        turn_on_wal(&mut first).await?;
        first.close().await?;
        let pool = AnyPoolOptions::new()
            .acquire_timeout(CONNECTION_PATIENCE)
            .after_connect(|connection, _| {
                Box::pin(
                    async move { connection.execute(AssertSqlSafe(pragmas())).await.map(drop) },
                )
            })
            .connect_with(options)
            .await?;
        if !is_up_to_date(&pool).await {
            // Two processes may start at once: the second waits, and finds it done.
            let mut migration = pool.begin_with("BEGIN EXCLUSIVE").await?;
            migrator().run(&mut *migration).await?;
            migration.commit().await?;
        }
        Ok(Self { pool, turn: Arc::default() })
    }

    /// A transaction that will write. It takes SQLite's write lock at its beginning: a lock taken
    /// later could not be waited for.
    pub(super) async fn write(&self) -> Result<Write, StorageError> {
        self.write_within(PATIENCE).await
    }

    /// The same, for what is better left than waited for.
    pub(super) async fn write_within(&self, patience: Duration) -> Result<Write, StorageError> {
        let turn = Arc::clone(&self.turn).lock_owned();
        let turn = timeout(patience, turn).await.map_err(|_| StorageError::Busy)?;
        // Not cut off: the connection would go on waiting, and be missed by others.
        Ok(Write { transaction: self.pool.begin_with("BEGIN IMMEDIATE").await?, _turn: turn })
    }
}

impl Write {
    pub(super) async fn commit(self) -> Result<(), StorageError> {
        Ok(self.transaction.commit().await?)
    }
}

impl Deref for Write {
    type Target = AnyConnection;

    fn deref(&self) -> &AnyConnection {
        &self.transaction
    }
}

impl DerefMut for Write {
    fn deref_mut(&mut self) -> &mut AnyConnection {
        &mut self.transaction
    }
}

/// What every connection has to be told. FULL has every commit on the disk before it is
/// acknowledged.
fn pragmas() -> String {
    format!(
        "PRAGMA busy_timeout = {}; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;",
        BUSY_TIMEOUT.as_millis()
    )
}

/// WAL lets readers go on while one writes. The database stays in it once it is: only the first of
/// those who open a new one changes anything, and wants it for itself for that moment. SQLite does
/// not wait for the others then, whatever the busy timeout is, so this does.
async fn turn_on_wal(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    const TRIES: u32 = 250;
    const PAUSE: Duration = Duration::from_millis(10);
    let mut tries = 1;
    loop {
        match connection.execute("PRAGMA journal_mode = WAL").await {
            Err(error) if is_busy(&error) && tries < TRIES => tries += 1,
            outcome => return outcome.map(drop),
        }
        sleep(PAUSE).await;
    }
}

/// SQLITE_BUSY, as it is or with one of the details that stand above the first byte.
fn is_busy(error: &sqlx::Error) -> bool {
    let code = error.as_database_error().and_then(|error| error.code());
    code.and_then(|code| code.parse::<u32>().ok()).is_some_and(|code| code & 0xff == 5)
}

/// Whether the newest migration was made, and none that is newer still. It only reads: who just
/// looks at a database waits for no writer.
async fn is_up_to_date(pool: &AnyPool) -> bool {
    let newest = MIGRATIONS.last().map(|(version, ..)| *version);
    let made = sqlx::query("SELECT MAX(version) FROM _sqlx_migrations WHERE success")
        .fetch_one(pool)
        .await
        .and_then(|row| row.try_get::<Option<i64>, _>(0));
    // Not even the table is there in a new database.
    made.is_ok_and(|made| made == newest)
}

fn migrator() -> Migrator {
    let migrations = MIGRATIONS.map(|(version, description, sql)| {
        Migration::new(
            version,
            description.into(),
            MigrationType::Simple,
            sqlx::SqlSafeStr::into_sql_str(sql),
            false,
        )
    });
    Migrator::with_migrations(migrations.into())
}

/// Creates the database's file so that only its owner can read it: SQLite gives the files beside
/// it (`-wal`, `-shm`) the same mode.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[actix_web::test]
    async fn what_is_committed_is_on_the_disk_and_readers_do_not_wait_for_writers() {
        let folder = tempfile::tempdir().unwrap();
        let url: DatabaseUrl =
            format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let storage = Storage::connect(&url).await.unwrap();
        let pragma = async |query| {
            sqlx::query(query).fetch_one(&storage.pool).await.unwrap().get::<i64, _>(0)
        };
        assert_eq!(pragma("PRAGMA synchronous").await, 2, "FULL");
        assert_eq!(pragma("PRAGMA foreign_keys").await, 1);
        let mode = sqlx::query("PRAGMA journal_mode").fetch_one(&storage.pool).await.unwrap();
        assert_eq!(mode.get::<String, _>(0), "wal");

        let _writer = storage.write().await.unwrap();
        assert!(storage.user_by_id("nobody").await.unwrap().is_none());
        // Whoever just opens it does not wait, either.
        Storage::connect(&url).await.unwrap();
        // And who would write too long after the others is told so.
        let busy = storage.write_within(Duration::ZERO).await;
        assert!(matches!(busy, Err(StorageError::Busy)));
    }

    #[actix_web::test]
    async fn processes_that_start_together_bring_the_schema_up_to_date_once() {
        let folder = tempfile::tempdir().unwrap();
        let url: DatabaseUrl =
            format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
        let starts = (0..8).map(|_| {
            let url = url.clone();
            actix_web::rt::spawn(async move { Storage::connect(&url).await })
        });
        for start in starts.collect::<Vec<_>>() {
            start.await.unwrap().unwrap();
        }
    }
}
