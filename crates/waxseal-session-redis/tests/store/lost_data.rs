//! Redis loses data: nothing that was revoked comes back.

use std::time::Duration;

use actix_web::rt::time::timeout;
use serde_json::json;
use test_servers::Redis;
use waxseal_session::{Clock, RevocationStatus, SessionStore as _, State};
use waxseal_session_redis::RedisSessionStore;

use crate::{
    client,
    support::{TOLERANCE, clock, connect, created, eventually, first, middleware, session},
};

const REVOKED: &str = "{waxseal}:revoked";
const REVOCATIONS: &str = "{waxseal}:revocations";

/// A cookie, and whether a node accepts it.
async fn cookie(store: &RedisSessionStore, clock: &Clock) -> String {
    let state = State::from_value(&json!({ "user_id": "ann" })).unwrap();
    middleware(store, clock).cookie_for(state).await.unwrap().value().to_owned()
}

async fn is_accepted(store: &RedisSessionStore, clock: &Clock, cookie: &str) -> bool {
    middleware(store, clock).open(cookie).await.unwrap().is_some()
}

async fn revoke(store: &RedisSessionStore, clock: &Clock, cookie: &str) {
    let session = middleware(store, clock).open(cookie).await.unwrap().unwrap();
    assert!(store.revoke_session(&session.id, None).await.unwrap());
}

#[actix_web::test]
async fn a_node_that_starts_after_a_loss_refuses_what_was_sealed_before() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let (revoked, live) = (cookie(&store, &clock).await, cookie(&store, &clock).await);
    revoke(&store, &clock, &revoked).await;
    assert!(is_accepted(&store, &clock, &live).await);
    drop(store);
    redis.command(&["FLUSHALL"]);

    let store = connect(client(&redis), &clock).await;
    assert!(!is_accepted(&store, &clock, &revoked).await, "it was revoked");
    assert!(!is_accepted(&store, &clock, &live).await, "no one can tell whether it was");
    clock.advance(TOLERANCE);
    let new = cookie(&store, &clock).await;
    assert!(is_accepted(&store, &clock, &new).await);
    let other = connect(client(&redis), &clock).await;
    assert!(!is_accepted(&other, &clock, &revoked).await, "another node");
    assert!(is_accepted(&other, &clock, &new).await);
}

#[actix_web::test]
async fn nodes_that_run_notice_that_redis_was_emptied() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let (one, other) = (first(client(&redis), &clock).await, connect(client(&redis), &clock).await);
    let (ann, bob) = (created(&one, "ann", &clock).await, created(&one, "bob", &clock).await);
    one.revoke(&ann).await.unwrap();
    let ended = other.revoked(&bob.id);
    redis.command(&["FLUSHALL"]);
    timeout(Duration::from_secs(5), ended).await.expect("open sockets end, too");

    for store in [&one, &other] {
        eventually(async || bob.auth_time < store.valid_since()).await;
        assert_eq!(store.revocation_status(&ann.id), RevocationStatus::Revoked);
        assert!(store.load(&bob.id).await.unwrap().is_none());
    }
    assert_eq!(one.valid_since(), other.valid_since(), "they agree");
    let written_back =
        async || !redis.command(&["ZSCORE", REVOKED, &ann.id.to_string()]).is_empty();
    eventually(written_back).await;

    // Log-ins fail for two seconds, and work then.
    assert!(one.create(&session("kim", &clock), None).await.is_err());
    clock.advance(TOLERANCE);
    let kim = created(&one, "kim", &clock).await;
    assert!(kim.auth_time >= other.valid_since());
}

#[actix_web::test]
async fn no_session_begins_before_the_loss_is_noticed() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    // This blocks the feed's thread, too.
    redis.command(&["FLUSHALL"]);
    assert!(store.create(&session("ann", &clock), None).await.is_err());
}

#[actix_web::test]
async fn a_restart_of_redis_without_persistence_logs_everyone_out() {
    let Some(mut redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let (revoked, live) = (cookie(&store, &clock).await, cookie(&store, &clock).await);
    revoke(&store, &clock, &revoked).await;
    redis.stop();
    redis.start_again();
    eventually(async || !is_accepted(&store, &clock, &live).await).await;
    assert!(!is_accepted(&store, &clock, &revoked).await);
    drop(store);
    let store = connect(client(&redis), &clock).await;
    assert!(!is_accepted(&store, &clock, &live).await);
    assert!(!is_accepted(&store, &clock, &revoked).await);
}

#[actix_web::test]
async fn a_restart_of_redis_with_persistence_logs_no_one_out() {
    let Some(mut redis) = Redis::start_persistent() else { return };
    let clock = clock();
    let (one, other) = (first(client(&redis), &clock).await, connect(client(&redis), &clock).await);
    let (revoked, live) = (cookie(&one, &clock).await, cookie(&one, &clock).await);
    revoke(&one, &clock, &revoked).await;
    redis.stop();
    redis.start_again();
    // The feed reads again, and hears what comes after.
    let late = cookie(&other, &clock).await;
    revoke(&one, &clock, &late).await;
    eventually(async || !is_accepted(&other, &clock, &late).await).await;
    for store in [&one, &other, &connect(client(&redis), &clock).await] {
        assert!(is_accepted(store, &clock, &live).await);
        assert!(!is_accepted(store, &clock, &revoked).await);
        assert!(!is_accepted(store, &clock, &late).await);
    }
}

#[actix_web::test]
async fn the_set_of_revocations_is_missed() {
    for lose in [&["DEL", REVOKED][..], &["ZREMRANGEBYSCORE", REVOKED, "+inf", "+inf"]] {
        let Some(redis) = Redis::start() else { return };
        let clock = clock();
        let store = first(client(&redis), &clock).await;
        let live = cookie(&store, &clock).await;
        redis.command(lose);
        eventually(async || !is_accepted(&store, &clock, &live).await).await;
    }
}

#[actix_web::test]
async fn without_the_stream_the_set_is_read_again() {
    for lose in [&["DEL", REVOCATIONS][..], &["XTRIM", REVOCATIONS, "MAXLEN", "0"]] {
        let Some(redis) = Redis::start() else { return };
        let clock = clock();
        let (one, other) =
            (first(client(&redis), &clock).await, connect(client(&redis), &clock).await);
        let (ann, bob) = (created(&one, "ann", &clock).await, created(&one, "bob", &clock).await);
        // A revocation whose entry was trimmed before the nodes have read it.
        let expires_at = ann.expires_at.as_unix().to_string();
        redis.command(&["ZADD", REVOKED, &expires_at, &ann.id.to_string()]);
        redis.command(lose);
        for store in [&one, &other] {
            let status = || store.revocation_status(&ann.id);
            eventually(async || status() == RevocationStatus::Revoked).await;
        }
        one.revoke(&bob).await.unwrap();
        let status = || other.revocation_status(&bob.id);
        eventually(async || status() == RevocationStatus::Revoked).await;
        assert!(bob.auth_time >= one.valid_since(), "no one is logged out");
    }
}

#[actix_web::test]
async fn a_session_whose_record_is_gone_ends_with_the_next_refresh() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let ann = created(&store, "ann", &clock).await;
    redis.command(&["DEL", &format!("{{waxseal}}:session:{}", ann.id)]);
    assert!(store.load(&ann.id).await.unwrap().is_none());
    assert!(store.save(&ann, &Default::default()).await.unwrap().is_none());
    assert_eq!(redis.command(&["EXISTS", &format!("{{waxseal}}:session:{}", ann.id)]), "0");
}

/// As after a failover to a replica that lags: the newest writes are gone, the rest is there.
#[actix_web::test]
async fn a_node_writes_back_the_revocations_that_a_failover_has_lost() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let ann = created(&store, "ann", &clock).await;
    let (id, key) = (ann.id.to_string(), format!("{{waxseal}}:session:{}", ann.id));
    let record = redis.lines(&["HGETALL", &key]);
    store.revoke(&ann).await.unwrap();
    // The node has read the entry: its position.
    actix_web::rt::time::sleep(Duration::from_millis(200)).await;
    let entry = redis.lines(&["XREVRANGE", REVOCATIONS, "+", "-", "COUNT", "1"])[0].clone();
    redis.command(&["XDEL", REVOCATIONS, &entry]);
    redis.command(&["ZREM", REVOKED, &id]);
    let fields: Vec<&str> = record.iter().map(String::as_str).collect();
    redis.command(&[&["HSET", &key], &fields[..]].concat());

    eventually(async || !redis.command(&["ZSCORE", REVOKED, &id]).is_empty()).await;
    assert_eq!(redis.command(&["EXISTS", &key]), "0");
    assert!(ann.auth_time >= store.valid_since(), "no one else is logged out");
    let other = connect(client(&redis), &clock).await;
    assert_eq!(other.revocation_status(&ann.id), RevocationStatus::Revoked);
}

#[actix_web::test]
async fn the_epoch_of_an_older_backup_is_not_accepted() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let epoch = || redis.command(&["ZRANGEBYSCORE", REVOKED, "+inf", "+inf"]);
    let old = epoch();
    clock.advance(Duration::from_secs(10));
    redis.command(&["FLUSHALL"]);
    eventually(async || !epoch().is_empty()).await;
    let newer = store.valid_since();
    clock.advance(Duration::from_secs(10));
    redis.command(&["FLUSHALL"]);
    redis.command(&["ZADD", REVOKED, "+inf", &old]);
    eventually(async || store.valid_since() > newer).await;
    assert_ne!(epoch(), old);
    assert_eq!(epoch().lines().count(), 1);
}
