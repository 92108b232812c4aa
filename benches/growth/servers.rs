//! Measurements of the built binary on loopback: live sessions in the database, and nodes. Client, server
//! and database share one processor, so that the times don't include waking another one.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sqlx::{AnyConnection, AssertSqlSafe, Connection, Executor};
use test_support::{Postgres, Process, waxseal};
use tokio::runtime::{Builder, Runtime};
use waxseal_session::{SessionId, State};

use crate::{
    keep_alive::Connection as KeptAlive,
    median,
    table::{Column, Table},
    token,
};

const USER: &str = "00000000-0000-4000-8000-000000000042";
/// Requests per data point, each with another session.
const REQUESTS: u32 = 3000;
/// Log-outs per data point.
const LOG_OUTS: u32 = 200;

/// Pins this process, and those it starts from now on, to one processor. (Times vary more on systems
/// without this call.)
fn keep_to_one_processor() {
    #[cfg(target_os = "linux")]
    {
        use rustix::thread::{CpuSet, sched_setaffinity};
        let mut one = CpuSet::new();
        one.set(0);
        sched_setaffinity(None, &one).unwrap();
    }
}

/// Starts a server without an access log.
fn serve(url: &str, settings: &[(&str, &str)]) -> Process {
    waxseal!()
        .set("RUST_LOG", "warn,waxseal::cli=info")
        .set("SESSION_SECRET", token::SECRET)
        .set("DATABASE_URL", url)
        .serve_with(&[], settings)
}

fn state() -> State {
    State::from_json(&format!(r#"{{"user_id":"{USER}","role":"user"}}"#)).unwrap()
}

pub fn by_sessions() -> Vec<Table> {
    keep_to_one_processor();
    sqlx::any::install_default_drivers();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let sqlite = format!("sqlite://{}/growth.db", folder.path().display());
    let mut columns =
        vec![Column::new("sealed, no query", []), Column::new("database mode, SQLite", [])];
    measure_sessions(&runtime, &sqlite, Some(0), 1, &mut columns);
    if let Some(postgres) = Postgres::start() {
        columns.push(Column::new("database mode, PostgreSQL", []));
        measure_sessions(&runtime, &postgres.url(), None, 2, &mut columns);
    }
    vec![Table {
        title: "A request, by the number of live sessions",
        measured: "Microseconds until the response to GET /api/session, on one processor",
        grows: "live sessions in the database",
        columns,
    }]
}

/// In the database, and, if asked for, with sealed sessions: the places of their columns.
fn measure_sessions(
    runtime: &Runtime,
    url: &str,
    sealed: Option<usize>,
    database: usize,
    columns: &mut [Column],
) {
    serve(url, &[]).stop();
    let mut there = 0;
    for sessions in [1_000, 10_000, 100_000, 1_000_000] {
        runtime.block_on(fill(url, there, sessions));
        there = sessions;
        // Spread over all of them.
        let id = |at: u32| id_of(u64::from(at) * 7919 % u64::from(sessions)).parse().unwrap();
        if let Some(column) = sealed {
            let cookie = |at| token::cookie("session", id(at), Some(state()));
            columns[column].points.push((f64::from(sessions), time(url, "cookie", cookie)));
        }
        let cookie = |at| token::cookie("session", id(at), None);
        columns[database].points.push((f64::from(sessions), time(url, "database", cookie)));
    }
}

/// The median latency, in microseconds.
fn time(url: &str, mode: &str, cookie: impl Fn(u32) -> String) -> f64 {
    let cookies: Vec<String> = (0..REQUESTS).map(cookie).collect();
    let server = serve(url, &[("SESSION_MODE", mode)]);
    let mut connection = KeptAlive::to(&server);
    let median = median(cookies.iter().map(|cookie| time_of(&mut connection, cookie)).collect());
    server.stop();
    median
}

fn time_of(server: &mut KeptAlive, cookie: &str) -> f64 {
    let (status, time) = server.ask("GET", "/api/session", cookie);
    assert_eq!(status, 200);
    time.as_secs_f64() * 1e6
}

fn id_of(at: u64) -> String {
    format!("AAA{}A", 100_000_000_000_000_000 + at)
}

/// Inserts sessions up to this number.
async fn fill(url: &str, from: u32, to: u32) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let mut database = AnyConnection::connect(url).await.unwrap();
    let sessions = format!(
        "INSERT INTO waxseal_sessions (id, user_id, state, auth_time, last_seen, expires_at,
            latest_expiry)
         WITH RECURSIVE n(i) AS (SELECT {from} UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {to})
         SELECT 'AAA' || CAST(100000000000000000 + i AS TEXT) || 'A', '{USER}', '{}', {now}, {now},
                {now} + 604000, {now} + 604000 FROM n",
        state().to_json()
    );
    for statement in [sessions, "ANALYZE".to_owned()] {
        database.execute(AssertSqlSafe(statement)).await.unwrap();
    }
    database.close().await.unwrap();
}

pub fn by_nodes() -> Vec<Table> {
    keep_to_one_processor();
    sqlx::any::install_default_drivers();
    let Some(postgres) = Postgres::start() else { return Vec::new() };
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (mut requests, mut ends) = (Vec::new(), Vec::new());
    for count in [1, 2, 4, 8, 16] {
        let url = postgres.url_of_new_schema();
        let nodes: Vec<Process> = (0..count).map(|_| serve(&url, &[])).collect();
        let mut connections: Vec<KeptAlive> = nodes.iter().map(KeptAlive::to).collect();
        runtime.block_on(fill(&url, 0, LOG_OUTS));
        let cookies: Vec<String> = (0..LOG_OUTS)
            .map(|at| {
                let id: SessionId = id_of(u64::from(at)).parse().unwrap();
                token::cookie("session", id, Some(state()))
            })
            .collect();
        requests.push((f64::from(count), time_of_request(&mut connections[0], &cookies)));
        ends.push((f64::from(count), time_of_end(&mut connections, &cookies)));
        nodes.iter().for_each(|node| drop(node.stop()));
    }
    vec![
        Table {
            title: "A request, by the number of nodes",
            measured: "Microseconds until the response to GET /api/session, on one processor",
            grows: "nodes on one PostgreSQL",
            columns: vec![Column::new("sealed", requests)],
        },
        Table {
            title: "The end of a session, by the number of nodes",
            measured: "Milliseconds from the response to a log-out until every node refuses the session",
            grows: "nodes on one PostgreSQL",
            columns: vec![Column::new("log-out", ends)],
        },
    ]
}

fn time_of_request(node: &mut KeptAlive, cookies: &[String]) -> f64 {
    let cookies = cookies.iter().cycle().take(REQUESTS as usize);
    median(cookies.map(|cookie| time_of(node, cookie)).collect())
}

/// Logs out on the first node, and requests a page of each until it refuses the session.
fn time_of_end(nodes: &mut [KeptAlive], cookies: &[String]) -> f64 {
    let times = cookies.iter().map(|cookie| {
        let (status, _) = nodes[0].ask("POST", "/logout", cookie);
        assert_eq!(status, 303);
        let ended = Instant::now();
        for node in &mut *nodes {
            while node.ask("GET", "/api/session", cookie).0 == 200 {
                assert!(ended.elapsed() < Duration::from_secs(5), "it never ends");
            }
        }
        ended.elapsed().as_secs_f64() * 1e3
    });
    median(times.collect())
}
