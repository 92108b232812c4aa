//! Where a store's sessions can be, and what tests do there.

use std::{path::PathBuf, time::Duration};

use serde_json::json;
use sqlx::{AssertSqlSafe, PgPool, SqlitePool};
use tempfile::TempDir;
use test_support::{Postgres, eventually};
use waxseal_session::{Clock, ExpiryPolicy, SessionRecord, State, Timestamp};
use waxseal_session_sqlx::{Database, SessionPool, SqlSessionStore};

/// The time of manual clocks.
pub const START: Timestamp = Timestamp::from_unix(1_700_000_000);

/// An empty database, and how stores connect to it.
pub struct Place {
    url: String,
    /// Whether a store gets a pool of the app's instead of the URL.
    own_pool: bool,
    folder: Option<TempDir>,
}

impl Place {
    pub fn sqlite(own_pool: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let url = format!("sqlite://{}/test.db", folder.path().display());
        Self { url, own_pool, folder: Some(folder) }
    }

    /// `None` where PostgreSQL is not installed.
    pub fn postgres(own_pool: bool) -> Option<Self> {
        let url = Postgres::shared()?.url_of_new_schema();
        Some(Self { url, own_pool, folder: None })
    }

    /// Every kind.
    pub fn all() -> Vec<Self> {
        let mut places = vec![Self::sqlite(false), Self::sqlite(true)];
        places.extend([false, true].into_iter().filter_map(Self::postgres));
        places
    }

    /// One of each engine, with the app's pool.
    pub fn with_own_pools() -> Vec<Self> {
        [Some(Self::sqlite(true)), Self::postgres(true)].into_iter().flatten().collect()
    }

    /// The database file, on SQLite.
    pub fn file(&self) -> Option<PathBuf> {
        Some(self.folder.as_ref()?.path().join("test.db"))
    }

    pub fn is_postgres(&self) -> bool {
        self.url.starts_with("postgres")
    }

    /// A pool of the app's.
    pub async fn pool(&self) -> SessionPool {
        match self.is_postgres() {
            true => PgPool::connect(&self.url).await.unwrap().into(),
            false => SqlitePool::connect(&format!("{}?mode=rwc", self.url)).await.unwrap().into(),
        }
    }

    /// A node with its background tasks, on the system's clock.
    pub async fn node(&self) -> SqlSessionStore {
        match self.own_pool {
            true => SqlSessionStore::new(self.pool().await).await.unwrap(),
            false => SqlSessionStore::connect(&self.url).await.unwrap(),
        }
    }

    /// A node without background tasks.
    pub async fn still(&self, clock: &Clock) -> SqlSessionStore {
        let database = match self.own_pool {
            true => Database::with_pool(self.pool().await).await.unwrap(),
            false => Database::connect(&self.url.parse().unwrap()).await.unwrap(),
        };
        SqlSessionStore::load(database, clock.clone()).await.unwrap()
    }

    /// SQL that revokes these sessions behind the stores' back, without a notification, with a time three
    /// hours past. The numbers are in the order of the ids.
    pub fn revocation(&self, sessions: &[&SessionRecord]) -> Vec<String> {
        let next = match self.is_postgres() {
            true => "CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT)",
            false => "(SELECT COALESCE(MAX(revoked_seq), 0) + 1 FROM waxseal_sessions)",
        };
        let then = (Clock::system().now() - Duration::from_secs(3 * 3600)).as_unix();
        let revoke = |session: &&SessionRecord| {
            let id = session.id;
            format!(
                "UPDATE waxseal_sessions SET revoked_at = {then}, revoked_seq = {next} WHERE id = '{id}'"
            )
        };
        sessions.iter().map(revoke).collect()
    }
}

/// Waits for the end of a poll that begins from now on.
pub async fn polled(node: &SqlSessionStore) {
    let clock = Clock::system();
    let now = clock.elapsed();
    eventually(async || node.feed_status().age < clock.elapsed() - now).await;
}

/// A new session, not yet stored, that starts now by this clock.
pub fn session(user: &str, clock: &Clock) -> SessionRecord {
    let state = State::from_value(&json!({ "user_id": user })).unwrap();
    SessionRecord::new(&ExpiryPolicy::default(), clock.now(), state)
}

/// A transaction of the app's.
pub enum AppTransaction {
    Sqlite(sqlx::Transaction<'static, sqlx::Sqlite>),
    Postgres(sqlx::Transaction<'static, sqlx::Postgres>),
}

impl AppTransaction {
    pub async fn begin(pool: &SessionPool) -> Self {
        match pool {
            SessionPool::Sqlite(pool) => {
                Self::Sqlite(pool.begin_with("BEGIN IMMEDIATE").await.unwrap())
            }
            SessionPool::Postgres(pool) => Self::Postgres(pool.begin().await.unwrap()),
        }
    }

    pub async fn execute(&mut self, sql: &str) {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::Sqlite(transaction) => drop(sql.execute(&mut **transaction).await.unwrap()),
            Self::Postgres(transaction) => drop(sql.execute(&mut **transaction).await.unwrap()),
        }
    }

    pub async fn commit(self) {
        match self {
            Self::Sqlite(transaction) => transaction.commit().await.unwrap(),
            Self::Postgres(transaction) => transaction.commit().await.unwrap(),
        }
    }
}

/// Calls a store's method with whichever transaction it is.
macro_rules! within {
    ($transaction:expr, |$connection:ident| $call:expr) => {
        match &mut $transaction {
            crate::place::AppTransaction::Sqlite($connection) => $call,
            crate::place::AppTransaction::Postgres($connection) => $call,
        }
    };
}
pub(crate) use within;

/// Runs SQL of the app's, and commits.
pub async fn run(pool: &SessionPool, statements: &[String]) {
    let mut transaction = AppTransaction::begin(pool).await;
    for statement in statements {
        transaction.execute(statement).await;
    }
    transaction.commit().await;
}
