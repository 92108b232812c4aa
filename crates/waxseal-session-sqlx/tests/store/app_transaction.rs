//! Sessions in a transaction that the app has begun itself.

use test_support::eventually;
use waxseal_session::{Clock, RevocationStatus, SessionRecord, SessionStore};
use waxseal_session_sqlx::{PendingChanges, SqlSessionStore};

use crate::place::{AppTransaction, Place, run, session, within};

/// Creates a session and replaces another in a transaction of the app's, and revokes the rest.
async fn log_in(
    transaction: &mut AppTransaction,
    store: &SqlSessionStore,
    (old, new, phone): (&SessionRecord, &SessionRecord, &SessionRecord),
) -> PendingChanges {
    let created = within!(*transaction, |it| store.create_in(it, new, Some("ann"), None).await);
    let replaced = within!(*transaction, |it| store.replace_in(it, &old.id, &new.id).await);
    let revoked = within!(*transaction, |it| store.revoke_in(it, &phone.id).await);
    let rest = within!(*transaction, |it| store.revoke_all_in(it, "ann", Some(&new.id)).await);
    transaction.execute("INSERT INTO notes VALUES ('ann was here')").await;
    created.unwrap().and(replaced.unwrap()).and(revoked.unwrap()).and(rest.unwrap())
}

#[actix_web::test]
async fn sessions_are_created_and_revoked_with_the_app_s_own_changes_or_not_at_all() {
    for place in Place::with_own_pools() {
        let pool = place.pool().await;
        run(&pool, &["CREATE TABLE notes (text TEXT NOT NULL)".to_owned()]).await;
        let (node, other) = (SqlSessionStore::new(pool.clone()).await.unwrap(), place.node().await);
        let [old, phone, tablet, new] = [(); 4].map(|()| session("ann", &Clock::system()));
        for session in [&old, &phone, &tablet] {
            assert!(node.create(session, None).await.unwrap());
        }

        let mut transaction = AppTransaction::begin(&pool).await;
        drop(log_in(&mut transaction, &node, (&old, &new, &phone)).await);
        drop(transaction);
        assert!(node.load(&new.id).await.unwrap().is_none(), "rolled back");
        for session in [&old, &phone, &tablet] {
            assert!(node.load(&session.id).await.unwrap().is_some(), "rolled back");
            assert_eq!(node.revocation_status(&session.id), RevocationStatus::Active);
        }

        let mut transaction = AppTransaction::begin(&pool).await;
        let pending = log_in(&mut transaction, &node, (&old, &new, &phone)).await;
        assert_eq!(node.revocation_status(&old.id), RevocationStatus::Active, "not committed");
        transaction.commit().await;
        pending.committed();
        let replaced = RevocationStatus::Replaced { by: new.id };
        for (session, status) in [
            (&old, replaced),
            (&phone, RevocationStatus::Revoked),
            (&tablet, RevocationStatus::Revoked),
            (&new, RevocationStatus::Active),
        ] {
            assert_eq!(node.revocation_status(&session.id), status, "at once");
            eventually(async || other.revocation_status(&session.id) == status).await;
        }
        assert!(node.load(&new.id).await.unwrap().is_some());
    }
}

#[actix_web::test]
async fn a_commit_that_the_node_is_not_told_of_is_found_by_its_next_poll() {
    for place in Place::with_own_pools() {
        let pool = place.pool().await;
        let node = SqlSessionStore::new(pool.clone()).await.unwrap();
        let ann = session("ann", &Clock::system());
        assert!(node.create(&ann, None).await.unwrap());
        let mut transaction = AppTransaction::begin(&pool).await;
        drop(within!(transaction, |it| node.revoke_in(it, &ann.id).await.unwrap()));
        transaction.commit().await;
        eventually(async || node.revocation_status(&ann.id) == RevocationStatus::Revoked).await;
    }
}

#[actix_web::test]
async fn a_session_is_created_only_if_the_store_s_transaction_commits() {
    for place in Place::all() {
        let clock = Clock::system();
        let store = place.still(&clock).await;
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
}
