//! Why a database can't be opened or migrated, in one sentence that names what fixes it: the path, the host,
//! the setting.

use std::{io, path::PathBuf};

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
        "the certificate of the PostgreSQL server at {server} is not accepted ({reason}): {fix}"
    )]
    Certificate {
        /// Host and port.
        server: String,
        /// Why.
        reason: String,
        /// What fixes it.
        fix: &'static str,
    },
    /// The file that `sslrootcert` names can't be read.
    #[error("sslrootcert: {} can't be read", .0.display())]
    RootCertificate(PathBuf, #[source] io::Error),
    /// The user may not read and write, or migrate, tables that exist.
    #[error(
        "user {user:?} may not use the tables ({reason}): make it the owner of each with ALTER TABLE … \
         OWNER TO {user:?}, or GRANT SELECT, INSERT, UPDATE, DELETE on them"
    )]
    NotOwner {
        /// The user's name.
        user: String,
        /// Which table, or what the server said.
        reason: String,
    },
    /// Another program has a table of the same name.
    #[error(
        "the database has a table {0:?} that isn't waxseal's: give waxseal a database of its own"
    )]
    ForeignTable(String),
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
