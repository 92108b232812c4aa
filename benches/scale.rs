//! The server on a large database: 100,000 users, 1,000,000 sessions (10,000 of them revoked) and
//! 5,000,000 log-in events. Measures the start, memory, the latency of pages, and the latency of writes
//! during the clean-up of a million expired rows.
//!
//! `cargo bench --bench scale`, or `-- sqlite`, `-- postgres`. It takes several minutes and 2 GB of disk.
//! The server is the built binary on loopback; the benchmark starts its own PostgreSQL.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::{
    env,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use test_support::{Client, EMAIL, Memory, Postgres, Process, SECRET, waxseal};

const USERS: u32 = 100_000;
const SESSIONS: u32 = 1_000_000;
const REVOKED: u32 = 10_000;
const EVENTS: u32 = 5_000_000;
/// Sessions and events of the user who requests the pages.
const OWN_SESSIONS: u32 = 60;
const OWN_EVENTS: u32 = 1000;

const PAGES: [&str; 8] = [
    "/profile",
    "/sessions",
    "/sessions?page=2",
    "/logins",
    "/logins?page=20",
    "/admin/users",
    "/admin/users?page=2000",
    "/admin/users?q=nobody-has-this",
];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    sqlx::any::install_default_drivers();
    let asked: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let wanted = |engine: &str| asked.is_empty() || asked.iter().any(|asked| asked == engine);
    if wanted("sqlite") {
        let folder = tempfile::tempdir().unwrap();
        measure("SQLite", &format!("sqlite://{}/scale.db", folder.path().display())).await;
    }
    if wanted("postgres")
        && let Some(server) = Postgres::start()
    {
        measure("PostgreSQL", &server.url()).await;
    }
}

/// Starts a server that extends sessions with this much time left or less.
fn serve(url: &str, refresh_below: &str) -> Process {
    let waxseal = waxseal!().set("DATABASE_URL", url).set("SESSION_SECRET", SECRET);
    waxseal.set("SESSION_REFRESH_BELOW", refresh_below).serve()
}

async fn measure(engine: &str, url: &str) {
    println!("\n{engine}");
    let server = serve(url, "1h");
    server.client().signed_up(EMAIL).await;
    server.stop();
    fill(url).await;

    let started = Instant::now();
    let server = serve(url, "1h");
    assert_eq!(server.client().get("/login").await.status, 200);
    println!("  start to first answer        {:>8.1} ms", millis(started.elapsed()));
    tokio::time::sleep(Duration::from_secs(3)).await;
    println!("  memory, idle                 {:>8.1} MiB", server.memory(Memory::Now));

    let mut ann = server.client().logged_in(EMAIL).await;
    for path in PAGES {
        let (median, worst) = times(&mut ann, path).await;
        println!("  {path:28} {median:>8.1} ms, worst {worst:.1}");
    }
    println!("  memory, after these          {:>8.1} MiB", server.memory(Memory::Now));
    server.stop();
    clean_up(url).await;
}

/// Lets a million sessions expire, and requests pages that write until the rows are deleted.
async fn clean_up(url: &str) {
    let mut database = AnyConnection::connect(url).await.unwrap();
    let expire =
        "UPDATE waxseal_sessions SET latest_expiry = auth_time - 864000 WHERE user_id LIKE '0000%'";
    database.execute(expire).await.unwrap();
    database.close().await.unwrap();
    // Every request extends its session, which is a write.
    let server = serve(url, "7d");
    let begun = Instant::now();
    let mut ann = server.client().logged_in(EMAIL).await;
    let (mut worst, mut pages) = (Duration::ZERO, 0);
    while !server.has_logged("cleaned up: ") {
        let asked = Instant::now();
        assert_eq!(ann.get("/profile").await.status, 200);
        worst = worst.max(asked.elapsed());
        pages += 1;
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    println!(
        "  clean-up of a million        {:>8.1} s, meanwhile {pages} pages, the slowest {:.1} ms",
        begun.elapsed().as_secs_f64(),
        millis(worst)
    );
    server.stop();
}

/// The median and maximum latency of a hundred requests, in milliseconds.
async fn times(client: &mut Client, path: &str) -> (f64, f64) {
    let mut times = Vec::new();
    for _ in 0..100 {
        let asked = Instant::now();
        assert_eq!(client.get(path).await.status, 200, "{path}");
        times.push(asked.elapsed());
    }
    times.sort_unstable();
    (millis(times[50]), millis(times[99]))
}

/// Fills the database, with SQL for both engines.
async fn fill(url: &str) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let numbers = |last: u32| {
        format!(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {last}) SELECT"
        )
    };
    let user = |number: &str| {
        format!("'00000000-0000-4000-8000-' || CAST(100000000000 + {number} AS TEXT)")
    };
    let other_user = user(&format!("i % {USERS}"));
    let ann = "(SELECT id FROM users WHERE email = 'ann@example.com')";
    // Random, as ids are: the list of revoked sessions relies on it.
    let id = match url.starts_with("postgres") {
        true => "substr(md5(CAST(random() AS TEXT) || CAST(i AS TEXT)), 1, 21) || 'A'",
        false => "substr(hex(randomblob(11)), 1, 21) || 'A'",
    };
    let session = |letter: char, whose: &str, last: u32| {
        format!(
            "INSERT INTO waxseal_sessions (id, user_id, state, auth_time, last_seen, expires_at,
                latest_expiry, revoked_at, revoked_seq, address, user_agent) {} {id},
                {whose}, '{{}}', {now} - i % 500000, {now} - i % 86400, {now} + 600000 + i % 4000,
                {now} + 600000 + i % 4000,
                CASE WHEN '{letter}' = 'A' AND i <= {REVOKED} THEN {now} - 7200 END,
                CASE WHEN '{letter}' = 'A' AND i <= {REVOKED} THEN 1 END,
                '192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0' FROM n",
            numbers(last)
        )
    };
    let event = |letter: char, whose: &str, last: u32| {
        format!(
            "INSERT INTO login_events (id, at, user_id, outcome, address, user_agent)
             {} '{letter}' || CAST(100000000000000000 + i AS TEXT), {now} - i % 7000000, {whose},
                CASE WHEN i % 5 = 0 THEN 'refused' ELSE 'granted' END, '192.0.2.1', '' FROM n",
            numbers(last)
        )
    };
    let people = format!(
        "INSERT INTO users (id, email, password_hash, role, created_at)
         {} {}, 'person' || CAST(i AS TEXT) || '@example.com', 'none', 'user', {now} FROM n",
        numbers(USERS),
        user("i")
    );
    // PostgreSQL's autovacuum would do this within a minute.
    let vacuum = if url.starts_with("postgres") { "VACUUM ANALYZE" } else { "ANALYZE" };
    let mut database = AnyConnection::connect(url).await.unwrap();
    for statement in [
        "UPDATE users SET role = 'admin'".to_owned(),
        people,
        session('A', &other_user, SESSIONS),
        session('B', ann, OWN_SESSIONS),
        event('A', &other_user, EVENTS),
        event('B', ann, OWN_EVENTS),
        vacuum.to_owned(),
    ] {
        database.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    // Otherwise the next process to open the database would first read SQLite's WAL of all this.
    database.close().await.unwrap();
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
