//! The server on a large database: 100,000 users, 1,000,000 sessions of which 10,000 are revoked, and
//! 5,000,000 log-in events. How long it takes to start and how much memory it takes, how long its
//! pages take, and how long anybody waits while a million expired rows are thrown out.
//!
//! `cargo bench --bench scale`, or `-- sqlite`, `-- postgres`. It takes some minutes and 2 GB of disk.
//! The server is the program itself, on loopback; PostgreSQL is started for it.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "../tests/support/postgres.rs"]
#[allow(dead_code)]
mod postgres;

use std::{
    env, fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use postgres::Postgres;
use reqwest::{Client, Response, header, redirect::Policy};
use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};

const USERS: u32 = 100_000;
const SESSIONS: u32 = 1_000_000;
const REVOKED: u32 = 10_000;
const EVENTS: u32 = 5_000_000;
/// Of the one who reads the pages.
const OWN_SESSIONS: u32 = 60;
const OWN_EVENTS: u32 = 1000;

const FORM: [(&str, &str); 2] =
    [("email", "ann@example.com"), ("password", "violet anvil forty marmots")];
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

async fn measure(engine: &str, url: &str) {
    println!("\n{engine}");
    let (server, client) = (Server::start(url, "1h"), client());
    client.post(server.at("/signup")).form(&FORM).send().await.unwrap();
    server.stop();
    fill(url).await;

    let started = Instant::now();
    let server = Server::start(url, "1h");
    let first = client.get(server.at("/login")).send().await.unwrap();
    assert_eq!(first.status(), 200);
    println!("  start to first answer        {:>8.1} ms", millis(started.elapsed()));
    tokio::time::sleep(Duration::from_secs(3)).await;
    println!("  memory, idle                 {:>8.1} MiB", server.memory());

    let cookie = log_in(&client, &server).await;
    for path in PAGES {
        let (median, worst) = times(&client, &server, path, &cookie).await;
        println!("  {path:28} {median:>8.1} ms, worst {worst:.1}");
    }
    println!("  memory, after these          {:>8.1} MiB", server.memory());
    server.stop();
    clean_up(url, &client).await;
}

/// Has a million sessions expired, and asks for pages, each of which writes, until they are gone.
async fn clean_up(url: &str, client: &Client) {
    let mut database = AnyConnection::connect(url).await.unwrap();
    let expire = "UPDATE sessions SET expires_at = auth_time - 864000 WHERE user_id LIKE '0000%'";
    database.execute(expire).await.unwrap();
    // Every page is refreshed, so that each writes, too.
    let server = Server::start(url, "7d");
    let begun = Instant::now();
    let mut cookie = log_in(client, &server).await;
    let (mut worst, mut pages) = (Duration::ZERO, 0);
    while !server.has_said("cleaned up: ") {
        let asked = Instant::now();
        let answer = get(client, &server.at("/profile"), &cookie).await;
        assert_eq!(answer.status(), 200);
        worst = worst.max(asked.elapsed());
        cookie = cookie_of(&answer).unwrap_or(cookie);
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

/// The median and the worst of a hundred requests, in milliseconds.
async fn times(client: &Client, server: &Server, path: &str, cookie: &str) -> (f64, f64) {
    let mut times = Vec::new();
    for _ in 0..100 {
        let asked = Instant::now();
        let answer = get(client, &server.at(path), cookie).await;
        assert_eq!(answer.status(), 200, "{path}");
        answer.bytes().await.unwrap();
        times.push(asked.elapsed());
    }
    times.sort_unstable();
    (millis(times[50]), millis(times[99]))
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn client() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

async fn get(client: &Client, url: &str, cookie: &str) -> Response {
    client.get(url).header(header::COOKIE, cookie).send().await.unwrap()
}

async fn log_in(client: &Client, server: &Server) -> String {
    let answer = client.post(server.at("/login")).form(&FORM).send().await.unwrap();
    cookie_of(&answer).expect("logged in")
}

fn cookie_of(answer: &Response) -> Option<String> {
    let cookie = answer.headers().get(header::SET_COOKIE)?.to_str().ok()?;
    cookie.split(';').next().map(str::to_owned)
}

/// Fills the database: with SQL that both engines understand.
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
    let nobody = user(&format!("i % {USERS}"));
    let ann = "(SELECT id FROM users WHERE email = 'ann@example.com')";
    let session = |letter: char, whose: &str, last: u32| {
        format!(
            "INSERT INTO sessions (id, user_id, state, auth_time, last_seen, expires_at, revoked_at,
                address, user_agent) {} '{letter}AA' || CAST(100000000000000000 + i AS TEXT) || 'A',
                {whose}, '{{}}', {now} - i % 500000, {now} - i % 86400, {now} + 600000 + i % 4000,
                CASE WHEN '{letter}' = 'A' AND i <= {REVOKED} THEN {now} - 7200 END,
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
    let mut database = AnyConnection::connect(url).await.unwrap();
    for statement in [
        "UPDATE users SET role = 'admin'".to_owned(),
        people,
        session('A', &nobody, SESSIONS),
        session('B', ann, OWN_SESSIONS),
        event('A', &nobody, EVENTS),
        event('B', ann, OWN_EVENTS),
        "ANALYZE".to_owned(),
    ] {
        database.execute(AssertSqlSafe(statement)).await.unwrap();
    }
}

struct Server {
    process: Child,
    address: String,
    log: Receiver<String>,
}

impl Server {
    fn start(database_url: &str, refresh_below: &str) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .env_clear()
            .env("LISTEN", "127.0.0.1:0")
            .env("DATABASE_URL", database_url)
            .env("SESSION_SECRET", "a secret for measuring of 32 bytes and more")
            .env("SESSION_REFRESH_BELOW", refresh_below)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (said, log) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| said.send(line)));
        let address =
            log.iter().find_map(|line| Some(line.split_once("listens on ")?.1.to_owned()));
        Self { process, address: address.expect("it listens"), log }
    }

    fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    fn has_said(&self, text: &str) -> bool {
        self.log.try_iter().any(|line| line.contains(text))
    }

    /// What it has in memory, in MiB.
    fn memory(&self) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
    }

    fn stop(mut self) {
        let id = self.process.id().to_string();
        Command::new("kill").arg(id).status().unwrap();
        self.process.wait().unwrap();
    }
}
