//! The sessions of one user.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use test_support::{Postgres, eventually};
use waxseal_session::{Clock, RevocationStatus, SessionId, SessionStore, State, StateChanges};

use crate::place::{Place, START, session};

#[actix_web::test]
async fn a_user_s_sessions_are_listed_and_revoked_together() {
    for place in Place::all() {
        let clock = Clock::manual(START);
        let store = place.still(&clock).await;
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
}

#[actix_web::test]
async fn all_sessions_of_a_user_are_revoked_and_one_of_them_replaced() {
    for place in Place::all() {
        let clock = Clock::manual(START);
        let store = place.still(&clock).await;
        let [old, phone, new] = [(); 3].map(|()| session("ann", &clock));
        for session in [&old, &phone] {
            assert!(store.create(session, None).await.unwrap());
        }
        let mut transaction = store.begin().await.unwrap();
        let revoked = transaction.replace_all("ann", &old.id, &new.id).await.unwrap();
        assert_eq!(revoked.len(), 2);
        transaction.create(&new, Some("ann"), None).await.unwrap();
        transaction.commit().await.unwrap();
        let other_node = place.still(&clock).await;
        for node in [&store, &other_node] {
            let replaced = RevocationStatus::Replaced { by: new.id };
            assert_eq!(node.revocation_status(&old.id), replaced);
            assert_eq!(node.revocation_status(&phone.id), RevocationStatus::Revoked);
            assert_eq!(node.revocation_status(&new.id), RevocationStatus::Active);
        }
    }
}

/// Some apps log in without a new session.
#[actix_web::test]
async fn a_session_belongs_to_the_user_that_its_state_names_now() {
    for place in Place::all() {
        let clock = Clock::manual(START);
        let store = place.still(&clock).await;
        let ann = session("ann", &clock);
        assert!(store.create(&ann, None).await.unwrap());
        let bob = State::from_json(r#"{"user_id":"bob"}"#).unwrap();
        let changes = StateChanges::between(&ann.state, &bob);
        assert!(store.save(&ann, &changes).await.unwrap().is_some());
        assert_eq!(store.revoke_all("ann", None).await.unwrap(), 0);
        assert_eq!(store.revoke_all("bob", None).await.unwrap(), 1);
    }
}

/// Each transaction waits for two seconds, and is tried once more.
#[actix_web::test]
async fn every_change_outlasts_a_lock_that_is_held_until_its_first_try_has_failed() {
    let Some(server) = Postgres::shared() else { return };
    let (url, clock) = (server.url_of_new_role("patient", ""), Clock::manual(START));
    let database = waxseal_session_sqlx::Database::connect(&url.parse().unwrap()).await.unwrap();
    let store = waxseal_session_sqlx::SqlSessionStore::load(database, clock.clone()).await.unwrap();
    let sessions = ["eve", "ann", "bob", "kim", "joe"].map(|user| session(user, &clock));
    for session in &sessions {
        assert!(store.create(session, None).await.unwrap());
    }
    let [_eve, ann, bob, kim, joe] = &sessions;
    clock.advance(Duration::from_secs(1));
    store.touch(&ann.id);
    let (new, theme) = (session("joe", &clock), State::from_json(r#"{"theme":"dark"}"#).unwrap());
    let changes = StateChanges::between(&State::default(), &theme);

    let mut other = PgConnection::connect(&url).await.unwrap();
    let mut lock = other.begin().await.unwrap();
    sqlx::query("SELECT id FROM waxseal_sessions FOR UPDATE").execute(&mut *lock).await.unwrap();
    let first_tries = "SELECT count(*) FROM pg_stat_activity WHERE usename = 'patient'
                       AND wait_event_type = 'Lock' AND clock_timestamp() - query_start > '1s'";
    let release = async {
        eventually(async || server.sql(first_tries) == "6").await;
        // Two wait for the same row, and one of them for the other first.
        eventually(async || ["0", "1"].contains(&server.sql(first_tries).as_str())).await;
        lock.commit().await.unwrap();
    };
    let (all, by_id, logged_out, saved, replaced, seen, ()) = tokio::join!(
        store.revoke_all("eve", None),
        store.revoke_session(&bob.id, None),
        SessionStore::revoke(&store, kim),
        store.save(ann, &changes),
        store.create(&new, Some(&joe.id)),
        store.write_last_seen(),
        release
    );
    assert_eq!(all.unwrap(), 1);
    assert!(by_id.unwrap() && saved.unwrap().is_some() && replaced.unwrap());
    logged_out.unwrap();
    seen.unwrap();
}
