//! The sessions of a user.

use std::time::Duration;

use serde_json::json;
use test_servers::Redis;
use waxseal_session::{
    RevocationStatus, SessionId, SessionRecord, SessionStore as _, State, StateChanges,
};

use crate::{
    client,
    support::{LIFETIME, clock, connect, created, eventually, first, session},
};

#[actix_web::test]
async fn the_live_sessions_of_a_user_are_listed() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let old = created(&store, "ann", &clock).await;
    clock.advance(Duration::from_secs(10));
    let ended = created(&store, "ann", &clock).await;
    let new = created(&store, "ann", &clock).await;
    created(&store, "bob", &clock).await;
    store.revoke(&ended).await.unwrap();
    let listed = async || {
        let sessions = store.sessions_of("ann").await.unwrap();
        sessions.iter().map(|session| (session.id, session.last_seen)).collect::<Vec<_>>()
    };
    assert_eq!(listed().await, [(new.id, new.auth_time), (old.id, old.auth_time)]);
    assert_eq!(store.sessions_of("nobody").await.unwrap(), []);

    clock.advance(Duration::from_secs(10));
    store.touch(&old.id);
    let seen = clock.now();
    assert_eq!(listed().await, [(old.id, seen), (new.id, new.auth_time)], "not yet written");
    clock.elapse(Duration::from_secs(31));
    let other = connect(client(&redis), &clock).await;
    let last_seen = async || other.sessions_of("ann").await.unwrap()[0].last_seen;
    eventually(async || last_seen().await == seen).await;

    clock.advance(LIFETIME - Duration::from_secs(45));
    assert_eq!(listed().await, [(new.id, new.auth_time)], "the other has expired");
}

#[actix_web::test]
async fn last_seen_times_create_no_record() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let id = SessionId::random();
    store.touch(&id);
    store.write_last_seen().await.unwrap();
    assert_eq!(redis.command(&["EXISTS", &format!("{{waxseal}}:session:{id}")]), "0");
}

#[actix_web::test]
async fn all_sessions_of_a_user_are_revoked_but_one() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let (store, other) =
        (first(client(&redis), &clock).await, connect(client(&redis), &clock).await);
    let (one, two) = (created(&store, "ann", &clock).await, created(&store, "ann", &clock).await);
    let (kept, bob) = (created(&store, "ann", &clock).await, created(&store, "bob", &clock).await);
    // Its cookie is valid, though its record is gone.
    let gone = created(&store, "ann", &clock).await;
    redis.command(&["DEL", &format!("{{waxseal}}:session:{}", gone.id)]);

    assert_eq!(store.revoke_all("ann", Some(&kept.id)).await.unwrap(), 2, "live ones");
    for session in [&one, &two, &gone] {
        assert_eq!(store.revocation_status(&session.id), RevocationStatus::Revoked);
        assert!(store.load(&session.id).await.unwrap().is_none());
        let status = || other.revocation_status(&session.id);
        eventually(async || status() == RevocationStatus::Revoked).await;
    }
    for session in [&kept, &bob] {
        assert_eq!(store.revocation_status(&session.id), RevocationStatus::Active);
        assert!(store.load(&session.id).await.unwrap().is_some());
    }
    assert_eq!(store.revoke_all("ann", None).await.unwrap(), 1);
    assert_eq!(store.revoke_all("ann", None).await.unwrap(), 0);
}

/// The record can be older than the cookie, after a restore.
#[actix_web::test]
async fn however_a_session_is_revoked_it_is_kept_until_no_cookie_can_be_valid() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    for way in ["log-out", "by id", "all of the user", "all, without the record", "replaced"] {
        let (ann, new) = (session("ann", &clock), session("eve", &clock));
        let ann = SessionRecord { latest_expiry: ann.expires_at + 2 * LIFETIME, ..ann };
        assert!(store.create(&ann, None).await.unwrap());
        match way {
            "log-out" => {
                let older = SessionRecord { latest_expiry: ann.expires_at, ..ann.clone() };
                store.revoke(&older).await.unwrap();
            }
            "by id" => assert!(store.revoke_session(&ann.id, None).await.unwrap()),
            "replaced" => assert!(store.create(&new, Some(&ann.id)).await.unwrap()),
            _ => {
                if way == "all, without the record" {
                    redis.command(&["DEL", &format!("{{waxseal}}:session:{}", ann.id)]);
                }
                store.revoke_all("ann", None).await.unwrap();
            }
        }
        let kept = redis.command(&["ZSCORE", "{waxseal}:revoked", &ann.id.to_string()]);
        assert_eq!(kept, ann.latest_expiry.as_unix().to_string(), "{way}");
    }
}

#[actix_web::test]
async fn log_ins_and_revoke_all_at_once_leave_no_session_unlisted() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    for _ in 0..20 {
        let new = session("ann", &clock);
        let (revoked, created) =
            tokio::join!(store.revoke_all("ann", None), store.create(&new, None));
        assert!(created.unwrap());
        revoked.unwrap();
        let is_live = store.revocation_status(&new.id) == RevocationStatus::Active;
        let listed = store.sessions_of("ann").await.unwrap();
        assert_eq!(listed.iter().any(|session| session.id == new.id), is_live);
    }
}

#[actix_web::test]
async fn a_session_belongs_to_the_user_in_its_state() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let visitor = created(&store, "ann", &clock).await;
    let state = State::from_value(&json!({ "user_id": "bob" })).unwrap();
    let changes = StateChanges::between(&visitor.state, &state);
    store.save(&visitor, &changes).await.unwrap();
    assert_eq!(store.revoke_all("ann", None).await.unwrap(), 0);
    assert_eq!(store.revocation_status(&visitor.id), RevocationStatus::Active);
    assert_eq!(store.sessions_of("ann").await.unwrap(), []);
    assert_eq!(store.sessions_of("bob").await.unwrap()[0].id, visitor.id);
    assert!(!store.revoke_session(&visitor.id, Some("ann")).await.unwrap(), "it is bob's");
    assert_eq!(store.revocation_status(&visitor.id), RevocationStatus::Active);
    assert!(store.revoke_session(&visitor.id, Some("bob")).await.unwrap());
    assert_eq!(store.revocation_status(&visitor.id), RevocationStatus::Revoked);
    let kept = redis.command(&["ZSCORE", "{waxseal}:revoked", &visitor.id.to_string()]);
    assert_eq!(kept, visitor.expires_at.as_unix().to_string(), "until its cookie expires");
    assert!(!store.revoke_session(&visitor.id, None).await.unwrap(), "no longer live");
}
