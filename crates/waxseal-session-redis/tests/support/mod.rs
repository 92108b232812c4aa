//! Stores for the tests.

#![allow(dead_code, reason = "not every test uses all of it")]

use std::time::Duration;

use serde_json::json;
use waxseal_session::{
    Clock, Keyring, Secret, SessionId, SessionMiddleware, SessionRecord, SessionStore as _, State,
    Timestamp,
};
use waxseal_session_redis::{RedisSessionStore, Server};

pub const LIFETIME: Duration = Duration::from_secs(1000);

/// How long after the first connection sessions can begin.
pub const TOLERANCE: Duration = Duration::from_secs(2);

pub fn clock() -> Clock {
    Clock::manual(Timestamp::from_unix(2_000_000_000))
}

/// A node.
pub async fn connect(server: impl Into<Server>, clock: &Clock) -> RedisSessionStore {
    RedisSessionStore::builder(server).clock(clock.clone()).connect().await.unwrap()
}

/// A node on a Redis that was empty: sessions can begin.
pub async fn first(server: impl Into<Server>, clock: &Clock) -> RedisSessionStore {
    let store = connect(server, clock).await;
    clock.advance(TOLERANCE);
    store
}

pub fn session(user: &str, clock: &Clock) -> SessionRecord {
    let (id, now) = (SessionId::random(), clock.now());
    let state = State::from_value(&json!({ State::USER_ID: user })).unwrap();
    let expires_at = now + LIFETIME;
    SessionRecord { id, auth_time: now, expires_at, latest_expiry: expires_at, state }
}

pub async fn created(store: &RedisSessionStore, user: &str, clock: &Clock) -> SessionRecord {
    let session = session(user, clock);
    assert!(store.create(&session, None).await.unwrap());
    session
}

/// The middleware of a node. All of them have the same secret.
pub fn middleware(
    store: &RedisSessionStore,
    clock: &Clock,
) -> SessionMiddleware<RedisSessionStore> {
    let secret = Secret::new("the secret that all nodes of these tests have").unwrap();
    let builder = SessionMiddleware::builder(store.clone(), Keyring::new(&secret));
    builder.clock(clock.clone()).build().unwrap()
}

/// Waits until something holds.
pub async fn eventually(holds: impl AsyncFn() -> bool) {
    for _ in 0..500 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("not within ten seconds");
}
