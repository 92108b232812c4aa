//! What there is in Redis, and for how long.

use std::time::Duration;

use test_servers::Redis;
use waxseal_session::{Clock, RevocationFeed, SessionRecord, SessionStore as _, StateChanges};
use waxseal_session_redis::{RedisSessionStore, RedisStoreError};

use crate::{
    client,
    support::{LIFETIME, clock, connect, created, eventually, first, session},
};

#[actix_web::test]
async fn keys_share_a_hash_tag_and_vanish_when_the_session_expires() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let ann = created(&store, "ann", &clock).await;
    let (record, user) = (format!("{{waxseal}}:session:{}", ann.id), "{waxseal}:user:ann");
    let mut keys = redis.lines(&["KEYS", "*"]);
    keys.sort();
    let mut expected = [&record, user, "{waxseal}:revoked", "{waxseal}:revocations"];
    expected.sort_unstable();
    assert_eq!(keys, expected);

    let ttl = |key: &str| Duration::from_secs(redis.command(&["TTL", key]).parse().unwrap());
    let minute = Duration::from_secs(60);
    let is_about = |ttl: Duration, expected| ttl <= expected && ttl + minute > expected;
    assert!(is_about(ttl(&record), LIFETIME));
    assert!(is_about(ttl(user), LIFETIME + RevocationFeed::RETENTION));
    clock.advance(LIFETIME / 2);
    let later = SessionRecord { expires_at: clock.now() + LIFETIME, ..ann.clone() };
    assert!(store.save(&later, &StateChanges::NONE).await.unwrap().is_some());
    assert!(is_about(ttl(&record), LIFETIME));
    store.revoke(&ann).await.unwrap();
    assert_eq!(redis.command(&["EXISTS", &record, user]), "0");
}

#[actix_web::test]
async fn a_record_vanishes_in_real_time() {
    let Some(redis) = Redis::start() else { return };
    let clock = Clock::system();
    let store = connect(client(&redis), &clock).await;
    let mut ann = session("ann", &clock);
    ann.expires_at = clock.now() + Duration::from_secs(2);
    assert!(store.create(&ann, None).await.unwrap(), "connecting waits until sessions can begin");
    let record = format!("{{waxseal}}:session:{}", ann.id);
    assert_eq!(redis.command(&["EXISTS", &record]), "1");
    eventually(async || redis.command(&["EXISTS", &record]) == "0").await;
}

#[actix_web::test]
async fn revocations_are_cleaned_up_a_day_after_their_session_would_have_expired() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let store = first(client(&redis), &clock).await;
    let ann = created(&store, "ann", &clock).await;
    store.revoke(&ann).await.unwrap();
    let count = || redis.command(&["ZCARD", "{waxseal}:revoked"]);
    clock.elapse(LIFETIME + RevocationFeed::RETENTION);
    actix_web::rt::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(count(), "2", "the revocation and the epoch");
    clock.elapse(Duration::from_secs(3601));
    eventually(async || count() == "1").await;
    assert!(ann.auth_time >= store.valid_since(), "the epoch stays");
}

#[actix_web::test]
async fn stores_with_different_prefixes_are_apart() {
    let Some(redis) = Redis::start() else { return };
    let clock = clock();
    let connect = async |prefix: &str| {
        let builder = RedisSessionStore::builder(client(&redis)).clock(clock.clone());
        builder.prefix(prefix).connect().await
    };
    let (one, other) = (connect("one").await.unwrap(), connect("other").await.unwrap());
    clock.advance(Duration::from_secs(4));
    let ann = created(&one, "ann", &clock).await;
    assert!(other.load(&ann.id).await.unwrap().is_none());
    for invalid in ["", "{a}", "a}"] {
        let error = connect(invalid).await.unwrap_err();
        assert!(matches!(error, RedisStoreError::InvalidPrefix(_)), "{error}");
    }
}
