//! Says what the errors mean that come up while a database is opened or migrated.

use std::{io, path::Path};

use sqlx::{migrate::MigrateError, postgres::PgConnectOptions};

use super::{
    codes::{BUSY, CANTOPEN, CORRUPT, FULL, IOERR, NOTADB, READONLY, code_of, sqlite_code_of},
    error::DatabaseError,
    file::folder_of,
    migrations::Migrations,
    open_error::OpenError,
    pool::SessionPool,
};

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
        // The server says which table; with a schema it's the right to create.
        Some("42501") if is_about_table(&reason) => OpenError::NotOwner { user, reason },
        // No privilege; no schema that it may create in.
        Some("42501" | "3F000") => OpenError::NoRights { user, reason },
        Some("25006") => OpenError::ReadOnlyServer(server),
        _ => OpenError::Postgres(server, error),
    }
}

fn is_about_table(reason: &str) -> bool {
    ["permission denied for table", "permission denied for relation", "must be owner of"]
        .iter()
        .any(|start| reason.starts_with(start))
}

fn explain_io(server: String, cause: io::Error) -> OpenError {
    let reason = cause.to_string();
    if let Some(reason) = reason.strip_prefix("invalid peer certificate: ") {
        let fix = certificate_fix(reason);
        return OpenError::Certificate { server, reason: reason.to_owned(), fix };
    }
    match cause.kind() {
        io::ErrorKind::ConnectionRefused => OpenError::Refused(server),
        io::ErrorKind::TimedOut | io::ErrorKind::HostUnreachable => OpenError::NoAnswer(server),
        // The standard library has no kind for it.
        _ if reason.contains("failed to lookup address") => OpenError::UnknownHost(server),
        _ => OpenError::Postgres(server, cause.into()),
    }
}

fn certificate_fix(reason: &str) -> &'static str {
    if reason.contains("not valid for name") || reason.contains("NotValidForName") {
        "the URL must name the host as the certificate does"
    } else if reason.contains("CaUsedAsEndEntity") {
        "it is its own CA; the server needs a certificate that a CA has signed"
    } else if reason.contains("xpired") {
        "renew it"
    } else {
        "in the URL, sslrootcert=FILE names its CA"
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rights_and_certificates_are_told_apart() {
        assert!(is_about_table("permission denied for table _waxseal_session_migrations"));
        assert!(is_about_table("must be owner of table users"));
        assert!(!is_about_table("permission denied for schema public"));
        let wrong_name = "certificate not valid for name \"db\"; certificate is only valid for x";
        assert!(certificate_fix(wrong_name).contains("must name the host"));
        assert!(certificate_fix("UnknownIssuer").contains("sslrootcert=FILE"));
        let timed_out = DatabaseError::from(sqlx::Error::PoolTimedOut).to_string();
        assert!(timed_out.contains("it may be down"), "{timed_out}");
    }
}
