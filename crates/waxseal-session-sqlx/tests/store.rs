//! The store's public API.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use waxseal_session::{
    Clock, ExpiryPolicy, RevocationStatus, SessionId, SessionRecord, SessionStore, State,
    Timestamp, testing,
};
use waxseal_session_sqlx::{Database, SqlSessionStore};

async fn store(folder: &tempfile::TempDir, clock: &Clock) -> SqlSessionStore {
    let url = format!("sqlite://{}/test.db", folder.path().display()).parse().unwrap();
    let database = Database::connect(&url).await.unwrap();
    SqlSessionStore::load(database, clock.clone()).await.unwrap()
}

fn session(user: &str, clock: &Clock) -> SessionRecord {
    let state = State::from_value(&json!({ "user_id": user })).unwrap();
    SessionRecord::new(&ExpiryPolicy::default(), clock.now(), state)
}

#[actix_web::test]
async fn the_store_passes_the_acceptance_suite() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp::from_unix(1_700_000_000));
    testing::acceptance_suite(&store(&folder, &clock).await, &clock).await.unwrap();
}

#[actix_web::test]
async fn a_user_s_sessions_are_listed_and_revoked_together() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp::from_unix(1_700_000_000));
    let store = store(&folder, &clock).await;
    let [one, two, other] = ["ann", "ann", "bob"].map(|user| session(user, &clock));
    for session in [&one, &two, &other] {
        assert!(store.create(session, None).await.unwrap());
    }
    let ids = async |first: &SessionId| -> Vec<SessionId> {
        let sessions = store.sessions_of("ann", first, 10, 0).await.unwrap();
        sessions.into_iter().map(|session| session.id).collect()
    };
    assert_eq!(ids(&two.id).await, [two.id, one.id]);
    assert_eq!(store.revoke_all("ann", Some(&two.id)).await.unwrap(), 1);
    assert_eq!(ids(&two.id).await, [two.id]);
    assert_eq!(store.revocation_status(&one.id), RevocationStatus::Revoked);
    assert_eq!(store.revocation_status(&other.id), RevocationStatus::Active);
}

#[actix_web::test]
async fn a_session_is_created_only_if_its_transaction_commits() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Clock::manual(Timestamp::from_unix(1_700_000_000));
    let store = store(&folder, &clock).await;
    let (dropped, kept) = (session("ann", &clock), session("ann", &clock));
    let mut transaction = store.begin().await.unwrap();
    transaction.create(&dropped, Some("ann"), None).await.unwrap();
    drop(transaction);
    let mut transaction = store.begin().await.unwrap();
    transaction.create(&kept, Some("ann"), None).await.unwrap();
    transaction.commit().await.unwrap();
    assert!(store.find(&dropped.id).await.unwrap().is_none());
    assert!(store.find(&kept.id).await.unwrap().is_some());
}
