//! Why a database can't be opened or migrated, in one sentence that names what mends it: the path, the host,
//! the setting.

use std::{
    io,
    path::{Path, PathBuf},
};

use sqlx::{migrate::MigrateError, postgres::PgConnectOptions};

use super::{
    DatabaseError, Migrations, SessionPool,
    error::{BUSY, CANTOPEN, CORRUPT, FULL, IOERR, NOTADB, READONLY, code_of, sqlite_code_of},
    sqlite::folder_of,
};

/// Why a database can't be opened or migrated. The messages hold no password.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The directory of the SQLite file does not exist.
    #[error("the directory of {} does not exist: create {}", .file.display(), .folder.display())]
    NoFolder {
        /// The file that was to be opened.
        file: PathBuf,
        /// Its directory.
        folder: PathBuf,
    },
    /// A directory is where the SQLite file should be.
    #[error("{} is a directory, not a file", .0.display())]
    Directory(PathBuf),
    /// The user that the process runs as may not read and write the SQLite file.
    #[error("no permission to read and write {}", .0.display())]
    NoAccess(PathBuf),
    /// The user that the process runs as may not create files beside the SQLite file.
    #[error(
        "no permission to create files in {}: SQLite needs them beside {}",
        .folder.display(), .file.display()
    )]
    NoAccessToFolder {
        /// The file that was to be opened.
        file: PathBuf,
        /// Its directory.
        folder: PathBuf,
    },
    /// The SQLite file is on a disk that can't be written to.
    #[error("{} is on a read-only file system", .0.display())]
    ReadOnlyDisk(PathBuf),
    /// The disk is full.
    #[error("no space is left on the disk of {}", .0.display())]
    DiskFull(PathBuf),
    /// The file is something else.
    #[error("{} is not a SQLite database (file is not a database)", .0.display())]
    NotADatabase(PathBuf),
    /// The file is damaged.
    #[error("the SQLite database {} is damaged: restore a backup", .0.display())]
    Damaged(PathBuf),
    /// Another process holds a lock on the file.
    #[error("another process keeps {} locked", .0.display())]
    Locked(PathBuf),
    /// SQLite fails for another reason.
    #[error("SQLite can't open {}", .0.display())]
    Sqlite(PathBuf, #[source] sqlx::Error),
    /// The file can't be created for another reason.
    #[error("{} can't be created", .0.display())]
    Create(PathBuf, #[source] io::Error),

    /// Nothing listens at the address.
    #[error("no PostgreSQL server listens at {0} (connection refused)")]
    Refused(String),
    /// The server does not answer in time.
    #[error("the PostgreSQL server at {0} does not answer in time")]
    NoAnswer(String),
    /// The name of the host can't be resolved.
    #[error("the host of {0} is unknown")]
    UnknownHost(String),
    /// The server rejects the user name or the password.
    #[error("the PostgreSQL server at {server} rejects user {user:?} or the password: {reason}")]
    Rejected {
        /// Host and port.
        server: String,
        /// The user's name.
        user: String,
        /// What the server said.
        reason: String,
    },
    /// The server has no such database.
    #[error("the PostgreSQL server at {server} has no database {name:?}")]
    NoDatabase {
        /// Host and port.
        server: String,
        /// The name of the database.
        name: String,
    },
    /// The server accepts no more connections.
    #[error(
        "the PostgreSQL server at {server} has no connection left for user {user:?}: lower the \
         number of connections (DATABASE_CONNECTIONS), or raise the server's limit ({reason})"
    )]
    TooManyConnections {
        /// Host and port.
        server: String,
        /// The user's name.
        user: String,
        /// What the server said.
        reason: String,
    },
    /// The server is starting or stopping.
    #[error("the PostgreSQL server at {server} accepts no connections now: {reason}")]
    NotNow {
        /// Host and port.
        server: String,
        /// What the server said.
        reason: String,
    },
    /// The URL asks for TLS, and the server has none or its certificate is not accepted.
    #[error(
        "no TLS connection to the PostgreSQL server at {server}, as sslmode asks for: {reason}"
    )]
    Tls {
        /// Host and port.
        server: String,
        /// Why.
        reason: String,
    },
    /// The server's certificate is not trusted, or for another host.
    #[error(
        "the certificate of the PostgreSQL server at {server} is not accepted ({reason}): in the URL, \
         sslrootcert=FILE names its CA"
    )]
    Certificate {
        /// Host and port.
        server: String,
        /// Why.
        reason: String,
    },
    /// The user has no right to create tables.
    #[error(
        "user {user:?} may not create the tables: GRANT CREATE ON SCHEMA public TO {user:?} ({reason})"
    )]
    NoRights {
        /// The user's name.
        user: String,
        /// What the server said.
        reason: String,
    },
    /// The tables can't be created on a server that is read-only.
    #[error(
        "the PostgreSQL server at {0} is read-only, so the tables can't be created or migrated"
    )]
    ReadOnlyServer(String),
    /// The server is too old.
    #[error("PostgreSQL {version} is too old: {oldest} or later is needed")]
    OldServer {
        /// The server's major version.
        version: i32,
        /// The oldest that works.
        oldest: i32,
    },
    /// The database's encoding can't hold every character.
    #[error(
        "the database's encoding is {0}, which can't hold every character: create one with ENCODING \
         'UTF8' TEMPLATE template0"
    )]
    Encoding(String),
    /// The server fails for another reason.
    #[error("the PostgreSQL server at {0} fails")]
    Postgres(String, #[source] sqlx::Error),

    /// A newer version of this program has migrated the database.
    #[error(
        "the database was used by a newer version (migration {version} in {table}): run that version, or \
         restore a backup from before"
    )]
    NewerVersion {
        /// The migration that is unknown here.
        version: i64,
        /// The table that records it.
        table: &'static str,
    },
    /// The database was migrated by another build.
    #[error(
        "the database was migrated by another build: its migration {version} in {table} is not the one \
         that this build has"
    )]
    OtherMigration {
        /// The migration that differs.
        version: i64,
        /// The table that records it.
        table: &'static str,
    },
}

impl OpenError {
    /// Says what an error means that came up while a database was opened.
    pub(super) fn explain(error: DatabaseError, pool: &SessionPool) -> DatabaseError {
        let error = match error {
            DatabaseError::Database(error)
            | DatabaseError::Migration(
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
            ) => error,
            other => return other,
        };
        match pool {
            SessionPool::Sqlite(pool) => {
                Self::explain_sqlite(pool.connect_options().get_filename(), error).into()
            }
            SessionPool::Postgres(pool) => explain_postgres(&pool.connect_options(), error).into(),
        }
    }

    /// Says which migration of these an error is about.
    pub(super) fn explain_migration(
        error: DatabaseError,
        migrations: &Migrations,
    ) -> DatabaseError {
        let table = migrations.table;
        let explained = match error {
            DatabaseError::Migration(MigrateError::VersionMissing(version))
                if migrations.is_newer(version) =>
            {
                Self::NewerVersion { version, table }
            }
            DatabaseError::Migration(
                MigrateError::VersionMissing(version) | MigrateError::VersionMismatch(version),
            ) => Self::OtherMigration { version, table },
            other => return other,
        };
        explained.into()
    }

    pub(super) fn explain_sqlite(path: &Path, error: sqlx::Error) -> Self {
        let file = path.to_owned();
        match sqlite_code_of(&error) {
            Some(BUSY) => Self::Locked(file),
            Some(READONLY) => Self::ReadOnlyDisk(file),
            Some(CORRUPT) => Self::Damaged(file),
            Some(FULL) => Self::DiskFull(file),
            Some(NOTADB) => Self::NotADatabase(file),
            Some(CANTOPEN | IOERR) if is_full(path) => Self::DiskFull(file),
            _ => Self::Sqlite(file, error),
        }
    }

    /// Says why a file could not be created.
    pub(super) fn creating(path: &Path, error: io::Error) -> Self {
        let (file, folder) = (path.to_owned(), folder_of(path).to_owned());
        match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => {
                Self::NoFolder { file, folder }
            }
            io::ErrorKind::PermissionDenied => Self::NoAccessToFolder { file, folder },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnlyDisk(file),
            io::ErrorKind::StorageFull => Self::DiskFull(file),
            io::ErrorKind::IsADirectory => Self::Directory(file),
            _ => Self::Create(file, error),
        }
    }
}

fn explain_postgres(options: &PgConnectOptions, error: sqlx::Error) -> OpenError {
    let (server, user) = (server(options), options.get_username().to_owned());
    let error = match error {
        sqlx::Error::PoolTimedOut => return OpenError::NoAnswer(server),
        sqlx::Error::Tls(reason) => return OpenError::Tls { server, reason: reason.to_string() },
        sqlx::Error::Io(cause) => return explain_io(server, cause),
        other => other,
    };
    let reason = error.as_database_error().map(|error| error.message().to_owned());
    let reason = reason.unwrap_or_default();
    match code_of(&error).as_deref() {
        Some("28P01" | "28000") => OpenError::Rejected { server, user, reason },
        Some("3D000") => {
            OpenError::NoDatabase { server, name: options.get_database().unwrap_or(&user).into() }
        }
        Some("53300") => OpenError::TooManyConnections { server, user, reason },
        Some("57P03" | "57P01" | "57P02") => OpenError::NotNow { server, reason },
        // No privilege; no schema that it may create in.
        Some("42501" | "3F000") => OpenError::NoRights { user, reason },
        Some("25006") => OpenError::ReadOnlyServer(server),
        _ => OpenError::Postgres(server, error),
    }
}

fn explain_io(server: String, cause: io::Error) -> OpenError {
    let reason = cause.to_string();
    if let Some(reason) = reason.strip_prefix("invalid peer certificate: ") {
        return OpenError::Certificate { server, reason: reason.to_owned() };
    }
    match cause.kind() {
        io::ErrorKind::ConnectionRefused => OpenError::Refused(server),
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable => OpenError::NoAnswer(server),
        // The standard library has no kind for it.
        _ if reason.contains("failed to lookup address") => OpenError::UnknownHost(server),
        _ => OpenError::Postgres(server, cause.into()),
    }
}

/// Host and port, or the socket.
fn server(options: &PgConnectOptions) -> String {
    let port = options.get_port();
    match (options.get_socket(), options.get_host()) {
        (Some(socket), _) => format!("{} (port {port})", socket.display()),
        (None, host) if host.contains(':') => format!("[{host}]:{port}"),
        (None, host) => format!("{host}:{port}"),
    }
}

/// Whether the disk is full, which SQLite does not say of all its files.
#[cfg(unix)]
fn is_full(path: &Path) -> bool {
    rustix::fs::statvfs(folder_of(path)).is_ok_and(|disk| disk.f_bavail == 0)
}

#[cfg(not(unix))]
fn is_full(_: &Path) -> bool {
    false
}
