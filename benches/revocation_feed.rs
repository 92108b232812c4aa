//! How long it takes from the answer to a log-out on one node to the refusal on another: two nodes
//! on a PostgreSQL of the benchmark's own, median and worst of a thousand, with NOTIFY and where
//! only polling hears it. `cargo bench --bench revocation_feed`; it takes a minute.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::{
    net::SocketAddr,
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use actix_web::rt;
use reqwest::{Client, StatusCode, header::COOKIE, redirect::Policy};
use serde_json::json;
use sqlx::{AnyPool, any::AnyPoolOptions};
use tokio::sync::oneshot;
use waxseal::{
    app::Application,
    clock::Clock,
    config::ServeArgs,
    seal::{Keyring, Secret},
    session::SessionId,
};

#[path = "../tests/support/postgres.rs"]
#[allow(dead_code, reason = "the tests use all of it")]
mod postgres;

use postgres::Postgres;

const SECRET: &str = "the secret that this benchmark has";
const ROUNDS: usize = 1000;
/// Sessions that are ended at the same time, each looked after by a client of its own.
const AT_ONCE: usize = 4;

/// How a session is ended.
#[derive(Clone, Copy)]
enum End {
    /// `POST /logout`: with NOTIFY.
    LogOut,
    /// In the database, as by a node whose notifications don't come through.
    Silently,
}

#[actix_web::main]
async fn main() {
    // `cargo test --benches` runs it without this.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let Some(server) = Postgres::start() else { return };
    let url = server.url();
    let (here, there) = (start(&url).await, start(&url).await);
    sqlx::any::install_default_drivers();
    let pool = AnyPoolOptions::new().connect(&url).await.unwrap();
    for (end, name) in [(End::LogOut, "with NOTIFY"), (End::Silently, "polling only")] {
        let mut times = measure(here, there, &pool, end).await;
        times.sort_unstable();
        println!(
            "{name}: median {:.1} ms, 99th percentile {:.1} ms, worst of {} {:.1} ms",
            millis(times[times.len() / 2]),
            millis(times[times.len() * 99 / 100]),
            times.len(),
            millis(*times.last().unwrap()),
        );
    }
}

#[expect(clippy::disallowed_methods, reason = "a benchmark asks the system for the time")]
fn now() -> Instant {
    Instant::now()
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}

async fn measure(here: SocketAddr, there: SocketAddr, pool: &AnyPool, end: End) -> Vec<Duration> {
    let clients = (0..AT_ONCE).map(|_| {
        let pool = pool.clone();
        rt::spawn(async move {
            let client = Client::builder().redirect(Policy::none()).no_proxy().build().unwrap();
            let client = Arc::new(client);
            let mut times = Vec::new();
            for _ in 0..ROUNDS / AT_ONCE {
                times.push(one(&client, here, there, &pool, end).await);
            }
            times
        })
    });
    let mut times = Vec::new();
    for client in clients.collect::<Vec<_>>() {
        times.extend(client.await.unwrap());
    }
    times
}

/// Ends a session here, and asks there until it is refused.
async fn one(
    client: &Client,
    here: SocketAddr,
    there: SocketAddr,
    pool: &AnyPool,
    end: End,
) -> Duration {
    let (id, cookie) = open_session(pool).await;
    let ask = || client.get(format!("http://{there}/api/session")).header(COOKIE, &cookie).send();
    assert_eq!(ask().await.unwrap().status(), StatusCode::OK);
    match end {
        End::LogOut => {
            let log_out = client.post(format!("http://{here}/logout")).header(COOKIE, &cookie);
            assert_eq!(log_out.send().await.unwrap().status(), StatusCode::SEE_OTHER);
        }
        End::Silently => {
            let revoke = "UPDATE waxseal_sessions SET revoked_at = $1 WHERE id = $2";
            let revoke = sqlx::query(revoke).bind(Clock::system().now().as_unix()).bind(id);
            revoke.execute(pool).await.unwrap();
        }
    }
    let ended = now();
    while ask().await.unwrap().status() == StatusCode::OK {
        rt::time::sleep(Duration::from_micros(200)).await;
    }
    ended.elapsed()
}

/// A session's row, and the cookie that goes with it.
async fn open_session(pool: &AnyPool) -> (String, String) {
    let (id, now) = (SessionId::random().to_string(), Clock::system().now());
    // Not due for a refresh, which would ask the database.
    let expires_at = now + Duration::from_secs(7 * 86_400);
    let user_id = "6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11";
    let state = json!({"user_id": user_id, "role": "user"});
    sqlx::query(
        "INSERT INTO waxseal_sessions (id, user_id, state, auth_time, last_seen, expires_at)
         VALUES ($1, $2, $3, $4, $4, $5)",
    )
    .bind(&id)
    .bind(user_id)
    .bind(state.to_string())
    .bind(now.as_unix())
    .bind(expires_at.as_unix())
    .execute(pool)
    .await
    .unwrap();
    let claims =
        json!({"sid": id, "auth_time": now, "iat": now, "exp": expires_at, "state": state});
    let keyring = Keyring::new(&Secret::new(SECRET).unwrap());
    let token = keyring.seal("session:waxseal", claims.to_string().as_bytes());
    (id, format!("waxseal={token}"))
}

/// Starts a node on a thread of its own; it ends with the process.
async fn start(url: &str) -> SocketAddr {
    let mut settings = ServeArgs::default();
    settings.server.listen = Some("127.0.0.1:0".to_owned());
    settings.database.url = Some(url.to_owned());
    settings.session.secret = Some(SECRET.to_owned());
    let config = settings.validate().unwrap();
    let (started, address) = oneshot::channel();
    thread::spawn(move || {
        rt::System::new().block_on(async move {
            let application = Application::build(config, Clock::system()).await.unwrap();
            started.send(application.address()).unwrap();
            application.run_until_stopped().await.unwrap();
        });
    });
    address.await.unwrap()
}
