//! How nodes hear of revocations: in the order of commits, whatever the clocks say.

use std::time::Duration;

use actix_web::rt::time::timeout;
use sqlx::postgres::PgListener;
use test_support::eventually;
use waxseal_session::{Clock, RevocationStatus, SessionRecord, SessionStore};
use waxseal_session_sqlx::{SessionPool, SqlSessionStore};

use crate::place::{AppTransaction, Place, START, polled, run, session};

async fn created(store: &SqlSessionStore) -> SessionRecord {
    let session = session("ann", &Clock::system());
    assert!(store.create(&session, None).await.unwrap());
    session
}

fn is_revoked(node: &SqlSessionStore, session: &SessionRecord) -> bool {
    node.revocation_status(&session.id) == RevocationStatus::Revoked
}

#[actix_web::test]
async fn a_revocation_is_heard_of_without_a_notification_and_whatever_its_time() {
    for place in Place::all() {
        let node = place.node().await;
        let ann = created(&node).await;
        run(&place.pool().await, &place.revocation(&[&ann])).await;
        eventually(async || is_revoked(&node, &ann)).await;
    }
}

#[actix_web::test]
async fn a_revoker_with_a_clock_that_is_behind_is_heard_of() {
    for place in Place::all() {
        let behind = Clock::manual(Clock::system().now() - Duration::from_secs(70));
        let (node, revoker) = (place.node().await, place.still(&behind).await);
        let ann = created(&node).await;
        polled(&node).await;
        revoker.revoke(&ann).await.unwrap();
        eventually(async || is_revoked(&node, &ann)).await;
    }
}

/// Its row was written before those that the node has read, and becomes visible after them.
#[actix_web::test]
async fn a_revocation_whose_commit_is_held_back_is_heard_of_when_it_comes() {
    for place in Place::all() {
        let (node, pool) = (place.node().await, place.pool().await);
        let (late, punctual) = (created(&node).await, created(&node).await);
        let mut transaction = AppTransaction::begin(&pool).await;
        for statement in place.revocation(&[&late]) {
            transaction.execute(&statement).await;
        }
        if place.is_postgres() {
            // SQLite has one writer at a time.
            run(&pool, &place.revocation(&[&punctual])).await;
            eventually(async || is_revoked(&node, &punctual)).await;
        }
        polled(&node).await;
        assert!(!is_revoked(&node, &late), "not committed");
        transaction.commit().await;
        eventually(async || is_revoked(&node, &late)).await;
    }
}

/// On SQLite the numbers are then given again.
#[actix_web::test]
async fn after_the_latest_revocations_were_deleted_later_ones_are_heard_of() {
    for place in Place::all() {
        let (node, pool) = (place.node().await, place.pool().await);
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(created(&node).await);
        }
        let [a, b, c, d] = &sessions[..] else { panic!() };
        run(&pool, &place.revocation(&[a, b])).await;
        eventually(async || is_revoked(&node, a) && is_revoked(&node, b)).await;
        let mut statements =
            vec!["DELETE FROM waxseal_sessions WHERE revoked_at IS NOT NULL".to_owned()];
        statements.extend(place.revocation(&[c, d]));
        run(&pool, &statements).await;
        eventually(async || is_revoked(&node, c) && is_revoked(&node, d)).await;
    }
}

/// Its transactions had higher numbers than this one's have yet.
#[actix_web::test]
async fn revocations_from_the_dump_of_another_server_are_known_and_do_not_hide_later_ones() {
    for place in Place::all().into_iter().filter(Place::is_postgres) {
        let (node, pool) = (place.node().await, place.pool().await);
        let (dumped, later) = (created(&node).await, created(&node).await);
        let renumber = "UPDATE waxseal_sessions SET revoked_seq = 4000000000000000000
                        WHERE revoked_at IS NOT NULL";
        let dump = [place.revocation(&[&dumped]), vec![renumber.to_owned()]].concat();
        run(&pool, &dump).await;
        let started = place.node().await;
        assert!(is_revoked(&started, &dumped));
        polled(&started).await;
        run(&pool, &place.revocation(&[&later])).await;
        eventually(async || is_revoked(&started, &later)).await;
    }
}

#[actix_web::test]
async fn revoking_again_announces_again_in_every_way() {
    for place in Place::all() {
        let store = place.still(&Clock::system()).await;
        let ann = created(&store).await;
        store.revoke(&ann).await.unwrap();
        let mut number = number_of(&place, &ann).await;
        for way in ["log-out", "by id", "by id and owner", "all of the user"] {
            match way {
                "log-out" => store.revoke(&ann).await.unwrap(),
                "by id" => assert!(!store.revoke_session(&ann.id, None).await.unwrap()),
                "by id and owner" => {
                    assert!(!store.revoke_session(&ann.id, Some("ann")).await.unwrap());
                }
                _ => assert_eq!(store.revoke_all("ann", None).await.unwrap(), 0),
            }
            let next = number_of(&place, &ann).await;
            assert!(next > number, "{way}: at a new place in the order");
            number = next;
        }
        assert!(!store.revoke_session(&ann.id, Some("bob")).await.unwrap());
        assert_eq!(number_of(&place, &ann).await, number, "of another user it is not");
    }
}

/// A node that has read the latest revocation goes on from it, wherever that is now.
#[actix_web::test]
async fn the_latest_revocation_announced_again_hides_none_of_those_between() {
    for place in Place::all() {
        let (node, revoker) = (place.node().await, place.still(&Clock::system()).await);
        let (latest, between) = (created(&node).await, created(&node).await);
        revoker.revoke(&latest).await.unwrap();
        eventually(async || is_revoked(&node, &latest)).await;
        run(&place.pool().await, &place.revocation(&[&between])).await;
        revoker.revoke(&latest).await.unwrap();
        eventually(async || is_revoked(&node, &between)).await;
    }
}

/// Polls would find it, too, but later.
#[actix_web::test]
async fn on_postgres_every_revocation_is_announced_with_its_commit() {
    let Some(place) = Place::postgres(true) else { return };
    let SessionPool::Postgres(pool) = place.pool().await else { panic!() };
    let store = place.still(&Clock::system()).await;
    let mut listener = PgListener::connect_with(&pool).await.unwrap();
    listener.listen("waxseal_revocations").await.unwrap();
    let mut announced = async |what: &str| {
        let arrival = async { while !listener.recv().await.unwrap().payload().contains(what) {} };
        timeout(Duration::from_secs(5), arrival).await.is_ok()
    };
    let (old, new) = (created(&store).await, created(&store).await);
    let id = |session: &SessionRecord| session.id.to_string();
    let mut transaction = pool.begin().await.unwrap();
    drop(store.replace_in(&mut transaction, &old.id, &new.id).await.unwrap());
    transaction.commit().await.unwrap();
    assert!(announced(&format!(":{}:", new.id)).await, "in the app's own transaction");
    for time in ["first", "again"] {
        store.revoke(&new).await.unwrap();
        assert!(announced(&id(&new)).await, "{time}");
    }
    let ann = created(&store).await;
    store.revoke_all("ann", None).await.unwrap();
    assert!(announced(&id(&ann)).await, "all of a user");
}

async fn number_of(place: &Place, session: &SessionRecord) -> i64 {
    let database = place.still(&Clock::manual(START)).await.database().clone();
    let query = sqlx::query("SELECT revoked_seq FROM waxseal_sessions WHERE id = $1");
    let row = database.fetch_optional(query.bind(session.id.to_string())).await.unwrap().unwrap();
    sqlx::Row::get(&row, 0)
}
