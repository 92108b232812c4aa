//! What every store has to do.

use std::time::Duration;

use test_servers::Redis;
use waxseal_session::{RevocationStatus, SessionStore as _, testing};
use waxseal_session_redis::RedisSessionStore;

use crate::{
    client,
    support::{clock, connect, created, first},
};

#[actix_web::test]
async fn the_store_passes_the_acceptance_suite() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    testing::acceptance_suite(&store, &clock).await.unwrap();
}

#[actix_web::test]
async fn of_many_requests_at_once_nothing_is_lost_or_revived() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    testing::many_tabs_suite(&store, &clock).await.unwrap();
}

#[actix_web::test]
async fn two_nodes_hear_of_each_other() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let one = first(client(&redis), &clock).await;
    let other = connect(client(&redis), &clock).await;
    testing::two_nodes_suite(&one, &other, &clock).await.unwrap();
}

#[actix_web::test]
async fn sessions_and_revocations_survive_the_restart_of_a_node() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let [ann, bob, kim] = [
        created(&store, "ann", &clock).await,
        created(&store, "bob", &clock).await,
        created(&store, "kim", &clock).await,
    ];
    store.revoke(&bob).await.unwrap();
    let new = crate::support::session("kim", &clock);
    assert!(store.create(&new, Some(&kim.id)).await.unwrap());
    actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    store.revoke(&bob).await.unwrap();
    drop(store);

    let store = connect(client(&redis), &clock).await;
    assert_eq!(store.revocation_status(&ann.id), RevocationStatus::Active);
    assert_eq!(store.load(&ann.id).await.unwrap().unwrap().state.to_json(), ann.state.to_json());
    assert_eq!(store.revocation_status(&bob.id), RevocationStatus::Revoked);
    assert!(store.load(&bob.id).await.unwrap().is_none());
    let replaced = RevocationStatus::Replaced { by: new.id };
    assert_eq!(store.revocation_status(&kim.id), replaced, "for a minute");
    assert!(ann.auth_time >= store.valid_since());
}

#[actix_web::test]
async fn workers_that_build_their_own_middleware_know_the_same_sessions() {
    let Some(redis) = Redis::start() else { return };
    let store = RedisSessionStore::connect(&redis.url()).await.unwrap();
    testing::many_workers_suite(move || store.clone()).await.unwrap();
}
