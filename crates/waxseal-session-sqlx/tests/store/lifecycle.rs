//! Starting, stopping, restarting; and a database in memory.

use std::{
    fs,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use actix_web::rt::time::timeout;
use sqlx::{
    SqlitePool,
    postgres::{PgConnectOptions, PgPoolOptions},
    sqlite::SqlitePoolOptions,
};
use test_support::{Postgres, eventually};
use waxseal_session::{Clock, RevocationStatus, SessionStore, StateChanges, testing};
use waxseal_session_sqlx::{Database, DatabaseError, SqlSessionStore};

use crate::place::{AppTransaction, Place, START, polled, session, within};

#[actix_web::test]
async fn a_restart_keeps_sessions_and_revocations() {
    for place in Place::all() {
        let clock = Clock::manual(START);
        let [live, revoked, replaced, new] = [(); 4].map(|()| session("ann", &clock));
        let store = place.still(&clock).await;
        for session in [&live, &revoked, &replaced] {
            assert!(store.create(session, None).await.unwrap());
        }
        store.revoke(&revoked).await.unwrap();
        assert!(store.create(&new, Some(&replaced.id)).await.unwrap());
        drop(store);
        let store = place.still(&clock).await;
        assert_eq!(store.revocation_status(&live.id), RevocationStatus::Active);
        assert!(store.load(&live.id).await.unwrap().is_some());
        assert_eq!(store.revocation_status(&revoked.id), RevocationStatus::Revoked);
        let by_new = RevocationStatus::Replaced { by: new.id };
        assert_eq!(store.revocation_status(&replaced.id), by_new);
    }
}

/// It exists as long as its only connection.
#[actix_web::test]
async fn a_database_in_memory_works_with_a_pool_of_one_connection() {
    let pool = || async {
        let options = SqlitePoolOptions::new().max_connections(1).idle_timeout(None);
        options.max_lifetime(None).connect("sqlite::memory:").await.unwrap()
    };
    let clock = Clock::manual(START);
    let database = Database::with_pool(pool().await).await.unwrap();
    let store = SqlSessionStore::load(database, clock.clone()).await.unwrap();
    testing::acceptance_suite(&store, &clock).await.unwrap();

    let pool: SqlitePool = pool().await;
    let store = SqlSessionStore::new(pool.clone()).await.unwrap();
    let ann = session("ann", &Clock::system());
    assert!(store.create(&ann, None).await.unwrap());
    // The background tasks share the connection.
    polled(&store).await;
    store.revoke(&ann).await.unwrap();
    let count = "SELECT COUNT(*) FROM waxseal_sessions WHERE revoked_at IS NOT NULL";
    assert_eq!(sqlx::query_scalar::<_, i64>(count).fetch_one(&pool).await.unwrap(), 1);
}

#[actix_web::test]
async fn the_background_tasks_run_until_the_last_clone_is_dropped() {
    let (folder, acquired) = (tempfile::tempdir().unwrap(), Arc::new(AtomicUsize::new(0)));
    let counted = Arc::clone(&acquired);
    let options = SqlitePoolOptions::new().before_acquire(move |_, _| {
        counted.fetch_add(1, Ordering::SeqCst);
        Box::pin(async { Ok(true) })
    });
    let url = format!("sqlite://{}/test.db?mode=rwc", folder.path().display());
    let pool = options.connect(&url).await.unwrap();
    let store = SqlSessionStore::new(pool.clone()).await.unwrap();
    let clone = store.clone();
    drop(store);
    let before = acquired.load(Ordering::SeqCst);
    eventually(async || acquired.load(Ordering::SeqCst) >= before + 2).await;
    drop((clone, pool));
    // The pool counts. It is gone when no task uses it.
    eventually(async || Arc::strong_count(&acquired) == 1).await;
}

#[actix_web::test]
async fn on_postgres_the_connection_that_listens_is_closed_as_well() {
    let Some(server) = Postgres::shared() else { return };
    let options: PgConnectOptions = server.url_of_new_schema().parse().unwrap();
    let options = options.application_name("listens until dropped");
    let pool = PgPoolOptions::new().connect_with(options).await.unwrap();
    let connections = || {
        server.sql(
            "SELECT count(*) FROM pg_stat_activity
             WHERE application_name = 'listens until dropped' AND query LIKE 'LISTEN%'",
        )
    };
    let store = SqlSessionStore::new(pool.clone()).await.unwrap();
    eventually(async || connections() == "1").await;
    drop(store);
    eventually(async || connections() == "0").await;
    timeout(Duration::from_secs(5), pool.close()).await.unwrap();
}

/// A process that has a file open can go on writing to it, but no one will find what it writes.
#[actix_web::test]
async fn a_file_that_was_removed_or_replaced_takes_no_more_sessions() {
    for own_pool in [false, true] {
        let (place, clock) = (Place::sqlite(own_pool), Clock::manual(START));
        let store = place.still(&clock).await;
        let [ann, bob] = [(); 2].map(|()| session("ann", &clock));
        assert!(store.create(&ann, None).await.unwrap());
        let pool = place.pool().await;
        let file = place.file().unwrap();
        let elsewhere = file.with_extension("elsewhere");
        for is_replaced in [false, true] {
            let mut transaction = AppTransaction::begin(&pool).await;
            fs::rename(&file, &elsewhere).unwrap();
            if is_replaced {
                fs::copy(&elsewhere, &file).unwrap();
            }
            let created = within!(transaction, |connection| {
                store.create_in(connection, &bob, Some("ann"), None).await
            });
            assert!(matches!(created, Err(DatabaseError::FileGone(_))), "{created:?}");
            drop(transaction);
            assert!(store.create(&bob, None).await.is_err());
            assert!(store.revoke(&ann).await.is_err());
            assert!(store.save(&ann, &StateChanges::default()).await.is_err());
            fs::rename(&elsewhere, &file).unwrap();
        }
        assert!(store.create(&bob, None).await.unwrap());
    }
}

#[actix_web::test]
async fn a_closed_store_leaves_a_file_that_is_complete_alone() {
    let place = Place::sqlite(false);
    let store = place.node().await;
    let ann = session("ann", &Clock::system());
    assert!(store.create(&ann, None).await.unwrap());
    store.close().await;
    let copied = Place::sqlite(false);
    fs::copy(place.file().unwrap(), copied.file().unwrap()).unwrap();
    assert!(!place.file().unwrap().with_extension("db-wal").exists());
    assert!(copied.node().await.load(&ann.id).await.unwrap().is_some());
}

/// After a failover all that are idle lead to the old primary.
#[actix_web::test]
async fn when_a_refresh_finds_a_connection_read_only_no_idle_one_is_used_again() {
    let Some(server) = Postgres::shared() else { return };
    let url = server.url_of_new_role("refreshing", "");
    let (database, clock) =
        (Database::connect(&url.parse().unwrap()).await.unwrap(), Clock::manual(START));
    let store = SqlSessionStore::load(database, clock.clone()).await.unwrap();
    let ann = session("ann", &clock);
    assert!(store.create(&ann, None).await.unwrap());
    server.sql("ALTER ROLE refreshing SET default_transaction_read_only = on");
    server
        .sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'refreshing'");
    let wait = || store.database().fetch_all(sqlx::query("SELECT 1 FROM pg_sleep(0.3)"));
    tokio::try_join!(wait(), wait(), wait(), wait()).unwrap();
    server.sql("ALTER ROLE refreshing RESET default_transaction_read_only");
    let refresh = async || store.save(&ann, &StateChanges::default()).await;
    assert!(refresh().await.is_err());
    for _ in 0..4 {
        assert!(refresh().await.unwrap().is_some());
    }
}
