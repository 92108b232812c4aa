use std::{env, path::PathBuf};

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Row};
use tempfile::TempDir;

use crate::Postgres;

/// A database of a test's own, empty at first.
pub enum Database {
    /// A file, which goes when this is dropped.
    Sqlite { directory: TempDir },
    /// A schema, or whatever else this URL names.
    Postgres { url: String },
}

impl Database {
    /// The one place that chooses which database the tests run on: SQLite, or with
    /// `WAXSEAL_TEST_DATABASE=postgres` a PostgreSQL server of their own.
    pub fn create() -> Self {
        match env::var("WAXSEAL_TEST_DATABASE").as_deref() {
            Ok("postgres") => Self::on(Postgres::shared().expect("PostgreSQL is installed")),
            Ok(other) if other != "sqlite" => panic!("WAXSEAL_TEST_DATABASE: what is {other}?"),
            _ => Self::sqlite(),
        }
    }

    pub fn sqlite() -> Self {
        Self::Sqlite { directory: tempfile::tempdir().unwrap() }
    }

    /// A database on this server.
    pub fn on(server: &Postgres) -> Self {
        Self::Postgres { url: server.url_of_new_schema() }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Sqlite { directory } => format!("sqlite://{}", file(directory).display()),
            Self::Postgres { url } => url.clone(),
        }
    }

    /// The database's file, where it is one.
    pub fn file(&self) -> Option<PathBuf> {
        match self {
            Self::Sqlite { directory } => Some(file(directory)),
            Self::Postgres { .. } => None,
        }
    }

    /// A connection beside the application's own.
    pub async fn connect(&self) -> AnyConnection {
        sqlx::any::install_default_drivers();
        AnyConnection::connect(&self.url()).await.unwrap()
    }

    /// Changes rows behind the application's back; how many.
    pub async fn execute(&self, sql: &str, values: &[&str]) -> u64 {
        let mut connection = self.connect().await;
        let query = sqlx::query(AssertSqlSafe(sql));
        let query = values.iter().fold(query, |query, value| query.bind(*value));
        query.execute(&mut connection).await.unwrap().rows_affected()
    }

    /// The first column of the rows that a query finds.
    pub async fn texts(&self, sql: &str, values: &[&str]) -> Vec<String> {
        let mut connection = self.connect().await;
        let query = sqlx::query(AssertSqlSafe(sql));
        let query = values.iter().fold(query, |query, value| query.bind(*value));
        let rows = query.fetch_all(&mut connection).await.unwrap();
        rows.iter().map(|row| row.try_get(0).unwrap()).collect()
    }

    /// The text that a query finds.
    pub async fn text(&self, sql: &str) -> String {
        self.texts(sql, &[]).await.remove(0)
    }

    /// The number that a query finds.
    pub async fn number(&self, sql: &str) -> i64 {
        let mut connection = self.connect().await;
        let query = sqlx::query(AssertSqlSafe(sql));
        query.fetch_one(&mut connection).await.unwrap().try_get(0).unwrap()
    }

    /// Every row of every table, as text: to see whether anything has changed.
    pub async fn everything(&self) -> Vec<String> {
        let mut everything = Vec::new();
        for query in [
            "SELECT id || email || password_hash || role || created_at FROM users ORDER BY id",
            "SELECT id || COALESCE(user_id, '') || state || auth_time || last_seen || expires_at
                || COALESCE(revoked_at, 0) || COALESCE(address, '') || COALESCE(user_agent, '')
                FROM waxseal_sessions ORDER BY id",
            "SELECT COALESCE(user_id, '') || at || outcome || COALESCE(address, '')
                FROM login_events ORDER BY at, id",
            "SELECT account || network || failures || last_at FROM login_failures
                ORDER BY account, network",
        ] {
            everything.extend(self.texts(query, &[]).await);
        }
        everything
    }
}

fn file(directory: &TempDir) -> PathBuf {
    directory.path().join("waxseal.db")
}
