//! Redis can't be reached, or hangs.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use test_servers::Redis;
use waxseal_session::{RevocationStatus, SessionStore as _, StateChanges};

use crate::{
    client,
    support::{clock, connect, created, eventually, first, session},
};

/// How long it takes.
#[expect(clippy::disallowed_methods, reason = "real time")]
async fn time(work: impl Future) -> Duration {
    let start = Instant::now();
    work.await;
    start.elapsed()
}

#[actix_web::test]
async fn when_redis_is_down_writes_fail_and_in_the_end_the_status_is_unknown() {
    let Some(mut redis) = Redis::start_persistent() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let (ann, bob) = (created(&store, "ann", &clock).await, created(&store, "bob", &clock).await);
    store.revoke(&bob).await.unwrap();
    redis.stop();
    let work = async {
        assert!(store.create(&session("kim", &clock), None).await.is_err());
        assert!(store.revoke(&ann).await.is_err());
        assert!(store.save(&ann, &StateChanges::NONE).await.is_err());
        assert!(store.load(&ann.id).await.is_err());
    };
    assert!(time(work).await < Duration::from_secs(3));

    clock.elapse(Duration::from_secs(30));
    assert_eq!(store.revocation_status(&ann.id), RevocationStatus::Active);
    clock.elapse(Duration::from_secs(2));
    assert_eq!(store.revocation_status(&ann.id), RevocationStatus::Unknown);
    assert_eq!(store.revocation_status(&bob.id), RevocationStatus::Revoked, "that much is known");

    redis.start_again();
    eventually(async || store.revocation_status(&ann.id) == RevocationStatus::Active).await;
    store.revoke(&ann).await.unwrap();
}

#[actix_web::test]
async fn when_redis_hangs_no_request_waits_longer_than_three_seconds() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let ann = created(&store, "ann", &clock).await;
    redis.command(&["CLIENT", "PAUSE", "8000", "ALL"]);
    let work = async {
        let new = session("kim", &clock);
        let (created, revoked, loaded) =
            tokio::join!(store.create(&new, None), store.revoke(&ann), store.load(&ann.id));
        assert!(created.is_err() && revoked.is_err() && loaded.is_err());
    };
    assert!(time(work).await < Duration::from_millis(3500));
    assert!(time(store.create(&session("kim", &clock), None)).await < Duration::from_millis(3500));
    eventually(async || store.create(&session("kim", &clock), None).await.is_ok()).await;
}

#[actix_web::test]
async fn a_cut_connection_fails_no_request_and_no_revocation_is_missed() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let (one, other) = (first(client(&redis), &clock).await, connect(client(&redis), &clock).await);
    for _ in 0..10 {
        let old = created(&one, "ann", &clock).await;
        let new = session("ann", &clock);
        redis.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        assert!(one.create(&new, Some(&old.id)).await.unwrap(), "it is not done twice");
        redis.command(&["CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes"]);
        one.revoke(&new).await.unwrap();
        eventually(async || other.revocation_status(&old.id) != RevocationStatus::Active).await;
        eventually(async || other.revocation_status(&new.id) == RevocationStatus::Revoked).await;
    }
    assert_eq!(other.revocations(), 20);
}

#[actix_web::test]
async fn the_background_tasks_stop_with_the_last_clone() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    created(&store, "ann", &clock).await;
    let clients = || redis.lines(&["CLIENT", "LIST"]).len();
    assert_eq!(clients(), 3, "the requests', the feed's and redis-cli's");
    let clone = store.clone();
    drop(store);
    actix_web::rt::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(clients(), 3);
    drop(clone);
    eventually(async || clients() == 1).await;
}

/// The first answer was lost with the connection.
#[actix_web::test]
async fn a_creation_that_is_sent_again_has_succeeded() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let (old, new) = (created(&store, "ann", &clock).await, session("ann", &clock));
    for _ in 0..2 {
        assert!(store.create(&new, Some(&old.id)).await.unwrap());
        let replaced = RevocationStatus::Replaced { by: new.id };
        assert_eq!(store.revocation_status(&old.id), replaced);
    }
    assert_eq!(redis.command(&["ZCARD", "{waxseal}:revoked"]), "2", "the session and the epoch");
}

/// Actix runs each worker on a runtime of its own.
#[actix_web::test]
async fn a_connection_outlives_the_runtime_of_the_request_that_opened_it() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let (worker_store, worker_clock) = (store.clone(), clock.clone());
    let worker = std::thread::spawn(move || {
        let runtime = actix_web::rt::Runtime::new().unwrap();
        runtime.block_on(created(&worker_store, "ann", &worker_clock)).id
    });
    eventually(async || worker.is_finished()).await;
    let id = worker.join().unwrap();
    let clients = || redis.lines(&["CLIENT", "LIST"]);
    let before = clients().len();
    assert!(store.load(&id).await.unwrap().is_some());
    assert_eq!((before, clients().len()), (3, 3), "it is still there");
}
