//! The time from the response to a log-out on one node until another node refuses the session: two nodes
//! on one PostgreSQL, median and maximum of a thousand, with NOTIFY and with polling only.
//! `cargo bench --bench revocation_feed` takes a minute.

#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout
)]

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use actix_web::rt;
use serde_json::json;
use sqlx::{AnyPool, any::AnyPoolOptions};
use test_support::{App, COOKIE_NAME, Client, Database, Postgres, SECRET};
use waxseal_session::{Clock, Keyring, Secret, SessionId};

const ROUNDS: usize = 1000;
/// Sessions that end at the same time, each with its own client.
const AT_ONCE: usize = 4;

/// How a session is ended.
#[derive(Clone, Copy)]
enum End {
    /// `POST /logout`: with NOTIFY.
    LogOut,
    /// In the database, without NOTIFY.
    Silently,
}

#[actix_web::main]
async fn main() {
    // `cargo test --benches` does not pass it.
    if !std::env::args().any(|argument| argument == "--bench") {
        return;
    }
    let Some(server) = Postgres::start() else { return };
    let database = Arc::new(Database::on(&server));
    let here = App::launch(Arc::clone(&database), Clock::system(), &[]).await;
    let there = here.another_node(&[]).await;
    sqlx::any::install_default_drivers();
    let pool = AnyPoolOptions::new().connect(&database.url()).await.unwrap();
    for (end, name) in [(End::LogOut, "with NOTIFY"), (End::Silently, "polling only")] {
        let mut times = measure(&here, &there, &pool, end).await;
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

async fn measure(here: &App, there: &App, pool: &AnyPool, end: End) -> Vec<Duration> {
    let clients = (0..AT_ONCE).map(|_| {
        let (here, there, pool) = (here.client(), there.client(), pool.clone());
        rt::spawn(async move {
            let mut times = Vec::new();
            for _ in 0..ROUNDS / AT_ONCE {
                times.push(one(here.clone(), there.clone(), &pool, end).await);
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

/// Ends a session on one node, and requests a page of the other until it refuses the session.
async fn one(mut here: Client, there: Client, pool: &AnyPool, end: End) -> Duration {
    let (id, token) = open_session(pool).await;
    // Sets the cookie again each time, because a refusal clears it.
    let ask = async || {
        let mut there = there.clone();
        there.set_cookie(COOKIE_NAME, &token);
        there.get("/api/session").await.status
    };
    assert_eq!(ask().await, 200);
    match end {
        End::LogOut => {
            here.set_cookie(COOKIE_NAME, &token);
            assert_eq!(here.log_out().await.status, 303);
        }
        End::Silently => {
            let revoke = "UPDATE waxseal_sessions SET revoked_at = $1,
                revoked_seq = CAST(CAST(pg_current_xact_id() AS TEXT) AS BIGINT) WHERE id = $2";
            let revoke = sqlx::query(revoke).bind(Clock::system().now().as_unix()).bind(id);
            revoke.execute(pool).await.unwrap();
        }
    }
    let ended = now();
    while ask().await == 200 {
        rt::time::sleep(Duration::from_micros(200)).await;
    }
    ended.elapsed()
}

/// The id and token of a session that has a row.
async fn open_session(pool: &AnyPool) -> (String, String) {
    let (id, now) = (SessionId::random().to_string(), Clock::system().now());
    // Not due to be extended, which would write to the database.
    let expires_at = now + Duration::from_secs(7 * 86_400);
    let user_id = "6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11";
    let state = json!({"user_id": user_id, "role": "user"});
    sqlx::query(
        "INSERT INTO waxseal_sessions (id, user_id, state, auth_time, last_seen, expires_at,
            latest_expiry)
         VALUES ($1, $2, $3, $4, $4, $5, $5)",
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
    let purpose = format!("session:{COOKIE_NAME}");
    (id, keyring.seal(&purpose, claims.to_string().as_bytes()))
}
