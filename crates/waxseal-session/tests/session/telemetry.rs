//! What the middleware counts for the app's metrics: what ends or moves sessions, and nothing on the way
//! that most requests go.

use std::sync::{Arc, Mutex};

use metrics::{
    Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    set_default_local_recorder,
};
use serde_json::{Value, json};
use waxseal_session::{Keyring, MemoryStore, Secret, SessionMiddleware};

use crate::harness::{NAME, Site, World, handlers, purpose};

#[actix_web::test]
async fn a_request_whose_session_is_left_as_it_is_counts_nothing() {
    let ledger = Ledger::default();
    let _here = set_default_local_recorder(&ledger);
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    ledger.entries();

    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
    site.visit("/state").await;
    assert_eq!(ledger.entries(), [""; 0]);
    world.advance(800);
    site.get("/state", &ann).await.sealed();
    assert_eq!(ledger.entries(), ["waxseal_sessions_refreshed_total"]);
}

#[actix_web::test]
async fn a_cookie_that_is_rejected_is_counted_under_its_reason() {
    let ledger = Ledger::default();
    let _here = set_default_local_recorder(&ledger);
    let world = World::new();
    let site = world.site().await;
    let sealed = |claim: &str, value: Value| {
        let mut claims = world.honest_claims();
        claims[claim] = value;
        world.seal(claims.to_string())
    };
    let now = world.now().as_unix();
    let honest = world.honest_claims().to_string();
    let strange = Keyring::new(&Secret::generate()).seal(&purpose(NAME), honest.as_bytes());
    let other = Keyring::new(&world.secret).seal(&purpose("other"), honest.as_bytes());
    let revoked = site.log_in("ann").await;
    world.store.revoke(&world.claims(&revoked).sid);
    let gone = sealed("exp", json!(now + 1));
    world.store.delete(&world.claims(&gone).sid);
    ledger.entries();

    for (token, reason) in [
        (format!("one; {NAME}=two"), "duplicate_cookie"),
        ("garbage".to_owned(), "malformed"),
        (strange, "unknown_key"),
        (other, "forged"),
        (world.seal("{}"), "not_a_session"),
        (sealed("exp", json!(now)), "expired"),
        (sealed("iat", json!(now + 61)), "sealed_in_the_future"),
        (revoked, "revoked"),
        (gone, "gone"),
    ] {
        site.get("/state", &token).await.assert_cleared();
        assert_eq!(ledger.entries(), [format!("waxseal_cookies_rejected_total {reason}")]);
    }
}

#[actix_web::test]
async fn a_fault_is_no_rejection() {
    let ledger = Ledger::default();
    let _here = set_default_local_recorder(&ledger);
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    ledger.entries();
    world.store.out_of_date(true);
    site.get("/state", &ann).await.assert_unavailable();
    assert_eq!(ledger.entries(), [""; 0]);
}

#[actix_web::test]
async fn the_store_in_memory_counts_the_sessions_it_creates_and_revokes() {
    let ledger = Ledger::default();
    let _here = set_default_local_recorder(&ledger);
    let world = World::new();
    let store = Arc::new(MemoryStore::with_clock(world.clock.clone()));
    let middleware = SessionMiddleware::builder(store, Keyring::new(&world.secret));
    let middleware = middleware.clock(world.clock.clone()).build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;

    let (created, revoked) = ("waxseal_sessions_created_total", "waxseal_sessions_revoked_total");
    let ann = site.log_in("ann").await;
    assert_eq!(ledger.entries(), [created]);
    let ann = site.get("/renew", &ann).await.sealed().value;
    assert_eq!(ledger.entries(), [created, revoked]);
    site.get("/purge", &ann).await.assert_cleared();
    assert_eq!(ledger.entries(), [revoked]);
}

/// Writes down which counter was asked for: the middleware counts one at a time.
#[derive(Default)]
struct Ledger(Mutex<Vec<String>>);

impl Ledger {
    /// What was written down since the last time.
    fn entries(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap())
    }

    fn write(&self, key: &Key) {
        let labels = key.labels().map(|label| label.value());
        let words: Vec<&str> = std::iter::once(key.name()).chain(labels).collect();
        self.0.lock().unwrap().push(words.join(" "));
    }
}

impl Recorder for Ledger {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        self.write(key);
        Counter::noop()
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        self.write(key);
        Gauge::noop()
    }

    fn register_histogram(&self, key: &Key, _: &Metadata<'_>) -> Histogram {
        self.write(key);
        Histogram::noop()
    }
}
