//! The revocation list: how long a look-up takes with a thousand, a million and ten million
//! revoked sessions, how much memory an entry takes, and what a request costs with an empty list
//! and with a million on it.
//!
//! The memory is the growth of the process's resident set (Linux), printed before the timings.
//! `cargo bench --bench revocation`.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

use std::{hint::black_box, sync::Arc, time::Duration};

use actix_web::{
    App, HttpResponse,
    cookie::Cookie,
    test::{TestRequest, call_service, init_service},
    web,
};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use waxseal::{
    clock::{Clock, Timestamp},
    seal::{Keyring, Secret},
    session::{
        Lifetimes, Registry, RegistryError, RevocationList, SessionId, SessionLayer, SessionRecord,
        Standing, State, envelope::Claims,
    },
};

fn look_ups(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("revocation list");
    for size in [1_000, 1_000_000, 10_000_000] {
        let (list, ids, bytes) = filled(size);
        println!("revocation list of {size}: {bytes:.1} bytes an entry");
        let mut turn = ids.iter().cycle();
        group.bench_function(BenchmarkId::new("revoked", size), |bencher| {
            bencher.iter(|| list.contains(black_box(turn.next().unwrap())));
        });
        let others: Vec<_> = (0..100_000).map(|_| SessionId::random()).collect();
        let mut turn = others.iter().cycle();
        group.bench_function(BenchmarkId::new("live", size), |bencher| {
            bencher.iter(|| list.contains(black_box(turn.next().unwrap())));
        });
    }
}

/// A list of this many sessions, those of them to look for, and how many bytes an entry takes.
fn filled(size: usize) -> (RevocationList, Vec<SessionId>, f64) {
    let list = RevocationList::default();
    let mut ids = Vec::with_capacity(100_000);
    let before = resident_bytes();
    for index in 0..size {
        let id = SessionId::random();
        list.insert(id, Timestamp::MAX);
        if index % (size / 1_000) == 0 && ids.len() < 100_000 {
            ids.push(id);
        }
    }
    let bytes = (resident_bytes() - before) / size as f64;
    (list, ids, bytes)
}

fn resident_bytes() -> f64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: f64 = statm.split(' ').nth(1).and_then(|pages| pages.parse().ok()).unwrap_or(0.0);
    pages * 4096.0
}

/// A registry with nothing but the list.
struct OnlyList(RevocationList);

impl Registry for OnlyList {
    fn standing(&self, id: &SessionId) -> Standing {
        if self.0.contains(id) { Standing::Revoked } else { Standing::Live }
    }

    async fn open(&self, _: &SessionRecord, _: Option<&SessionId>) -> Result<bool, RegistryError> {
        Ok(true)
    }

    async fn load(&self, _: &SessionId) -> Result<Option<State>, RegistryError> {
        Ok(None)
    }

    async fn refresh(&self, _: &SessionId, _: Timestamp) -> Result<bool, RegistryError> {
        Ok(true)
    }

    async fn save(&self, _: &SessionRecord) -> Result<bool, RegistryError> {
        Ok(true)
    }

    async fn end(&self, _: &SessionRecord) -> Result<(), RegistryError> {
        Ok(())
    }
}

fn requests(criterion: &mut Criterion) {
    let runtime = actix_web::rt::System::new();
    let mut group = criterion.benchmark_group("request with a session");
    group.measurement_time(Duration::from_secs(5));
    for revoked in [0, 1_000_000] {
        let list = if revoked == 0 { RevocationList::default() } else { filled(revoked).0 };
        let keyring = Keyring::new(&Secret::generate());
        let token = token(&keyring);
        let layer = SessionLayer::builder(keyring, Arc::new(OnlyList(list))).build().unwrap();
        let app = runtime.block_on(init_service(
            App::new().wrap(layer).route("/", web::get().to(async || HttpResponse::Ok().finish())),
        ));
        group.bench_function(BenchmarkId::new("revoked", revoked), |bencher| {
            bencher.iter(|| {
                let cookie = Cookie::new("__Host-session", token.as_str());
                let request = TestRequest::get().cookie(cookie).to_request();
                let response = runtime.block_on(call_service(&app, request));
                assert!(response.headers().is_empty(), "the session is taken, and not due");
                response
            });
        });
    }
}

/// A session whose state has about 200 bytes, not due for a refresh.
fn token(keyring: &Keyring) -> String {
    let state = serde_json::json!({ "user_id": "42", "role": "user", "note": "x".repeat(160) });
    let now = Clock::system().now();
    let record =
        SessionRecord::open(&Lifetimes::default(), now, State::from_value(&state).unwrap());
    let claims = Claims {
        sid: record.id,
        auth_time: now,
        iat: now,
        exp: record.expires_at,
        state: Some(record.state),
    };
    keyring.seal("session:__Host-session", claims.to_json().as_bytes())
}

criterion_group!(benches, look_ups, requests);
criterion_main!(benches);
