//! The store on a master that Sentinel watches.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use redis::sentinel::{SentinelClient, SentinelServerType};
use test_servers::RedisSentinel;
use waxseal_session::{RevocationStatus, SessionStore as _};
use waxseal_session_redis::redis;

use support::{clock, connect, created, eventually, first, session};

#[actix_web::test]
async fn the_store_follows_a_failover() {
    let Some(mut servers) = RedisSentinel::start() else { return };
    let client = || {
        let (urls, name) = (vec![servers.url()], RedisSentinel::NAME.to_owned());
        SentinelClient::build(urls, name, None, SentinelServerType::Master).unwrap()
    };
    let clock = clock();
    let (one, other) = (first(client(), &clock).await, connect(client(), &clock).await);
    let (ann, bob) = (created(&one, "ann", &clock).await, created(&one, "bob", &clock).await);
    one.revoke(&ann).await.unwrap();
    let key = format!("{{waxseal}}:session:{}", bob.id);
    eventually(async || servers.replica.command(&["EXISTS", &key]) == "1").await;

    let after = session("kim", &clock);
    servers.master.stop();
    eventually(async || one.create(&after, None).await.unwrap_or(false)).await;
    assert_eq!(servers.replica.lines(&["ROLE"])[0], "master");
    other.revoke(&bob).await.unwrap();
    for (store, id) in [(&one, ann.id), (&one, bob.id), (&other, ann.id)] {
        eventually(async || store.revocation_status(&id) == RevocationStatus::Revoked).await;
    }
    assert!(other.load(&after.id).await.unwrap().is_some());
    assert!(bob.auth_time >= one.valid_since(), "no one is logged out");
}
