//! The databases, on loopback with their own data.

use std::{
    io,
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use actix_web::rt;
use sqlx::{AnyPool, any::AnyPoolOptions};
use tempfile::TempDir;
use test_support::Postgres;
use waxseal::db;
use waxseal_session::{Clock, ExpiryPolicy, SessionId};

use crate::Outcome;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Database {
    None,
    Sqlite,
    /// SQLite, with a million sessions that were revoked.
    RevokedMillion,
    Postgres,
    Redis,
}

impl Database {
    /// Whether it runs in a separate process.
    pub fn has_server(self) -> bool {
        matches!(self, Self::Postgres | Self::Redis)
    }
}

/// The running databases. They stop when dropped.
pub struct Databases {
    pub postgres: Option<Postgres>,
    pub redis: Option<Redis>,
    folder: TempDir,
}

impl Databases {
    /// Starts those that are needed and installed.
    pub fn start(needed: &[Database]) -> Outcome<Self> {
        let needed = |database| needed.contains(&database);
        let folder = tempfile::tempdir()?;
        if needed(Database::RevokedMillion) {
            rt::System::new().block_on(revoke_a_million(&revoked_million(folder.path())))?;
        }
        Ok(Self {
            postgres: needed(Database::Postgres).then(Postgres::start).flatten(),
            redis: needed(Database::Redis).then(|| Redis::start(folder.path()).ok()).flatten(),
            folder,
        })
    }

    /// The URL of a server's database: empty except for revoked sessions.
    pub fn url(&self, database: Database, server: &Path) -> String {
        match database {
            Database::None => String::new(),
            Database::Sqlite => format!("sqlite://{}/waxseal.db", server.display()),
            Database::RevokedMillion => revoked_million(self.folder.path()),
            Database::Postgres => {
                self.postgres.as_ref().map(Postgres::url_of_new_schema).unwrap_or_default()
            }
            Database::Redis => self.redis.as_ref().map(Redis::url).unwrap_or_default(),
        }
    }
}

fn revoked_million(folder: &Path) -> String {
    format!("sqlite://{}/million.db", folder.display())
}

/// Creates a database with a million revoked sessions that have not expired.
async fn revoke_a_million(url: &str) -> Outcome<()> {
    drop(db::connect(&url.parse()?).await?);
    let mut ids: Vec<String> = (0..1_000_000).map(|_| SessionId::random().to_string()).collect();
    // Inserting in the order of the index is faster.
    ids.sort_unstable();
    let then = Clock::system().now() - Duration::from_secs(3600);
    let pool: AnyPool = AnyPoolOptions::new().connect(url).await?;
    sqlx::query(
        "INSERT INTO waxseal_sessions (id, state, auth_time, last_seen, expires_at, latest_expiry,
            revoked_at, revoked_seq)
         SELECT value, '{}', $2, $2, $3, $3, $2, key + 1 FROM json_each($1)",
    )
    .bind(serde_json::to_string(&ids)?)
    .bind(then.as_unix())
    .bind((then + ExpiryPolicy::DEFAULT_IDLE_TIMEOUT).as_unix())
    .execute(&pool)
    .await?;
    pool.close().await;
    Ok(())
}

/// A Redis server without persistence.
pub struct Redis {
    process: Child,
    port: u16,
}

impl Redis {
    fn start(folder: &Path) -> io::Result<Self> {
        let port = free_port()?;
        let process = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port.to_string()])
            .args(["--save", "", "--appendonly", "no", "--dir"])
            .arg(folder)
            .stdout(Stdio::null())
            .spawn()?;
        let redis = Self { process, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            thread::sleep(Duration::from_millis(10));
        }
        Ok(redis)
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended_already = self.process.wait();
    }
}

/// A free port.
pub fn free_port() -> io::Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}
