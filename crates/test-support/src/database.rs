//! A database for each test.

use std::{env, path::PathBuf};

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};
use tempfile::TempDir;

use crate::Postgres;

/// A new, empty database for one test.
pub enum Database {
    /// A file, deleted on drop.
    Sqlite { directory: TempDir },
    /// The database or schema that this URL names.
    Postgres { url: String },
}

impl Database {
    /// Creates a database of the kind that tests run on: SQLite, or a PostgreSQL server of their own if
    /// `WAXSEAL_TEST_DATABASE=postgres`.
    pub fn create() -> Self {
        match env::var("WAXSEAL_TEST_DATABASE").as_deref() {
            Ok("postgres") => Self::on(Postgres::shared().expect("PostgreSQL is installed")),
            Ok(other) if other != "sqlite" => panic!("WAXSEAL_TEST_DATABASE: {other} is unknown"),
            _ => Self::sqlite(),
        }
    }

    pub fn sqlite() -> Self {
        Self::Sqlite { directory: tempfile::tempdir().unwrap() }
    }

    /// A new schema on this server.
    pub fn on(server: &Postgres) -> Self {
        Self::Postgres { url: server.url_of_new_schema() }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { directory } => format!("sqlite://{}", file(directory).display()),
            Self::Postgres { url } => url.clone(),
        }
    }

    /// The database file, on SQLite.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite { directory } => Some(file(directory)),
            Self::Postgres { .. } => None,
        }
    }

    /// SQL for the number that a revoked session gets, for tests that revoke one by hand.
    pub fn next_in_order(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => {
                "(SELECT COALESCE(MAX(revoked_seq), 0) + 1 FROM waxseal_sessions)"
            }
            Self::Postgres { .. } => "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
        }
    }

    /// Opens a connection of the test's own.
    pub async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect(&self.url()).await.unwrap()
    }

    /// Runs a statement. Returns how many rows it changed.
    pub async fn execute(&self, sql: &str, values: &[&str]) -> u64 {
        let mut connection = self.connect().await;
        let query = sqlx::query(AssertSqlSafe(sql));
        let query = values.iter().fold(query, |query, value| query.bind(*value));
        query.execute(&mut connection).await.unwrap().rows_affected()
    }

    /// Runs a query. Returns the first column of its rows.
    pub async fn texts(&self, sql: &str, values: &[&str]) -> Vec<String> {
        let mut connection = self.connect().await;
        let query = sqlx::query(AssertSqlSafe(sql));
        let query = values.iter().fold(query, |query, value| query.bind(*value));
        let rows = query.fetch_all(&mut connection).await.unwrap();
        rows.iter().map(|row| row.try_get(0).unwrap()).collect()
    }

    /// Runs a query that returns one text.
    pub async fn text(&self, sql: &str) -> String {
        self.texts(sql, &[]).await.remove(0)
    }

    /// Runs a query that returns one number.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut connection = self.connect().await;
        let query = sqlx::query(AssertSqlSafe(sql));
        query.fetch_one(&mut connection).await.unwrap().try_get(0).unwrap()
    }

    /// All rows of all tables but the outbox, which empties itself, as text, to compare before and after.
    pub async fn dump(&self) -> Vec<String> {
        let mut rows = Vec::new();
        for query in [
            "SELECT id || email || password_hash || role || created_at
                || COALESCE(email_confirmed_at, 0) || email_version || COALESCE(previous_email, '')
                || COALESCE(undo_until, 0) || COALESCE(disabled_at, 0) FROM users ORDER BY id",
            "SELECT id || COALESCE(user_id, '') || state || auth_time || last_seen || expires_at
                || COALESCE(revoked_at, 0) || COALESCE(address, '') || COALESCE(user_agent, '')
                FROM waxseal_sessions ORDER BY id",
            "SELECT COALESCE(user_id, '') || at || outcome || COALESCE(address, '')
                FROM login_events ORDER BY at, id",
            "SELECT account || network || failures || last_at FROM login_failures
                ORDER BY account, network",
            "SELECT recipient || mails || first_at || last_at FROM mail_counts ORDER BY recipient",
            "SELECT id || expires_at FROM used_links ORDER BY id",
        ] {
            rows.extend(self.texts(query, &[]).await);
        }
        rows
    }
}

fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("waxseal.db")
}
