//! The store: what every one of them has to do, and what the middleware does when it can't be
//! reached.

use std::sync::Arc;

use actix_web::http::StatusCode;
use serde_json::json;
use waxseal_session::{
    Clock, ExpiryPolicy, Keyring, MemoryStore, Mode, RevocationStatus, Secret, SessionError,
    SessionMiddleware, SessionRecord, SessionStore as _, State, StatelessStore, testing,
};

use crate::harness::{Call, IDLE, LIFETIME, Site, World, handlers, seconds};

// A refresh never creates a row.

#[actix_web::test]
async fn a_refresh_never_brings_a_record_back() {
    for mode in [Mode::Cookie, Mode::Database] {
        let world = World::new();
        let site = world.site_with(|middleware| middleware.mode(mode)).await;
        let ann = site.log_in("ann").await;
        world.advance(IDLE - 1);
        world.store.delete(&world.claims(&ann).sid);

        let answer = site.get("/state", &ann).await;
        answer.assert_cleared();
        assert_eq!(answer.user().await, None, "over for this very request");
        assert_eq!(world.store.len(), 0);
    }
}

#[actix_web::test]
async fn a_change_never_brings_a_record_back() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.store.delete(&world.claims(&ann).sid);
    site.get("/set/theme/dark", &ann).await.assert_cleared();
    assert_eq!(world.store.len(), 0);
}

#[actix_web::test]
async fn a_token_to_be_re_sealed_whose_record_is_gone_is_cleared() {
    let world = World::new();
    let ann = world.site().await.log_in("ann").await;
    world.store.delete(&world.claims(&ann).sid);
    let coming = Secret::generate();
    let keyring = Keyring::with_fallbacks(&coming, [&world.secret]).unwrap();
    let middleware = world.middleware_with_keys(keyring).build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    site.get("/state", &ann).await.assert_cleared();
}

/// In a restored database, say. Copies of the cookie may still be accepted.
#[actix_web::test]
async fn logging_out_revokes_the_session_though_its_record_is_gone() {
    for mode in [Mode::Cookie, Mode::Database] {
        let world = World::new();
        let site = world.site_with(|middleware| middleware.mode(mode)).await;
        let ann = site.log_in("ann").await;
        let id = world.claims(&ann).sid;
        // Due for a refresh, so that the store is asked.
        world.advance(IDLE - 1);
        world.store.delete(&id);
        site.get("/purge", &ann).await.assert_cleared();
        assert_eq!(world.store.revocation_status(&id), RevocationStatus::Revoked, "{mode:?}");
    }
}

#[actix_web::test]
async fn logging_out_with_an_expired_cookie_ends_a_copy_that_was_refreshed() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - 1);
    let copy = site.get("/state", &ann).await.sealed().value;
    world.advance(1);
    assert_eq!(site.user(&copy).await.as_deref(), Some("ann"));
    site.get("/purge", &ann).await.assert_cleared();
    assert_eq!(site.user(&copy).await, None);
}

/// Another node may not know of it.
#[actix_web::test]
async fn logging_out_again_revokes_again_until_no_cookie_can_be_valid() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    site.get("/purge", &ann).await.assert_cleared();
    world.store.calls();
    site.get("/purge", &ann).await.assert_cleared();
    assert_eq!(world.store.calls(), [Call::Revoke]);
    world.store.fail(true);
    assert_eq!(site.get("/purge", &ann).await.status, StatusCode::SERVICE_UNAVAILABLE);
    world.store.calls();
    world.advance(LIFETIME);
    site.get("/purge", &ann).await.assert_cleared();
    assert_eq!(world.store.calls(), []);
}

#[actix_web::test]
async fn a_renewal_on_another_node_is_not_answered_by_clearing_its_cookie() {
    for mode in [Mode::Cookie, Mode::Database] {
        let world = World::new();
        let site = world.site_with(|middleware| middleware.mode(mode)).await;
        for (path, later) in [("/set/theme/dark", 0), ("/state", IDLE - 1)] {
            let ann = site.log_in("ann").await;
            world.advance(later);
            world.store.replace_elsewhere(&world.claims(&ann).sid);
            site.get(path, &ann).await.assert_no_cookie();
            site.get("/state", &ann).await.assert_no_cookie();
        }
    }
}

// The store can't be reached.

#[actix_web::test]
async fn when_the_store_fails_there_is_no_refresh_and_the_request_is_served() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - 100);
    world.store.fail(true);
    let answer = site.get("/current", &ann).await;
    answer.assert_no_cookie();
    let exp = world.claims(&ann).exp.as_unix().to_string();
    assert!(answer.text().await.ends_with(&exp), "no later expiry is promised");

    world.store.fail(false);
    let refreshed = site.get("/state", &ann).await.sealed();
    assert_eq!(refreshed.max_age, IDLE, "it is made up for");
}

#[actix_web::test]
async fn when_the_store_fails_a_token_is_not_re_sealed_and_the_request_is_served() {
    let world = World::new();
    let ann = world.site().await.log_in("ann").await;
    let coming = Secret::generate();
    let keyring = Keyring::with_fallbacks(&coming, [&world.secret]).unwrap();
    let middleware = world.middleware_with_keys(keyring).build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    world.store.fail(true);
    let answer = site.get("/state", &ann).await;
    answer.assert_no_cookie();
    assert_eq!(answer.user().await.as_deref(), Some("ann"));
}

#[actix_web::test]
async fn when_the_store_fails_a_live_session_is_still_read() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.store.fail(true);
    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
    site.visit("/state").await.assert_no_cookie();
    site.get("/state", "garbage").await.assert_cleared();
}

#[actix_web::test]
async fn what_the_store_does_not_keep_is_answered_with_503_and_no_cookie() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.store.fail(true);
    for (path, call) in [
        ("/set/theme/dark", Call::Save),
        ("/clear", Call::Save),
        ("/renew", Call::Load),
        ("/login/bob", Call::Create),
        ("/purge", Call::Revoke),
    ] {
        world.store.calls();
        let answer = site.get(path, &ann).await;
        answer.assert_unavailable();
        assert!(matches!(answer.session_error(), SessionError::Store(_)), "{path}");
        assert_eq!(answer.text().await, "", "{path}: the cause is for the log");
        assert_eq!(world.store.calls(), [call], "{path}");
    }
    site.visit("/login/bob").await.assert_unavailable();
    site.get("/login/bob", "garbage").await.assert_unavailable();

    world.store.fail(false);
    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"), "nothing happened to her session");
    assert_eq!(world.row(&ann).unwrap().state.to_json(), r#"{"user_id":"ann"}"#);
    assert_eq!(world.store.len(), 1);
}

#[actix_web::test]
async fn when_the_store_fails_database_mode_can_not_tell_and_answers_503() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.mode(Mode::Database)).await;
    let ann = site.log_in("ann").await;
    world.store.fail(true);
    site.get("/state", &ann).await.assert_unavailable();
    assert_eq!(site.visit("/state").await.status, StatusCode::OK);
    site.get("/state", "garbage").await.assert_cleared();
}

// The node has not heard of revocations for too long.

#[actix_web::test]
async fn a_node_out_of_date_answers_503_to_cookies_that_unseal() {
    for mode in [Mode::Cookie, Mode::Database] {
        let world = World::new();
        let site = world.site_with(|middleware| middleware.mode(mode)).await;
        let ann = site.log_in("ann").await;
        world.store.out_of_date(true);
        world.store.calls();
        for path in ["/state", "/untouched", "/purge", "/login/bob"] {
            let answer = site.get(path, &ann).await;
            answer.assert_unavailable();
            assert!(matches!(answer.session_error(), SessionError::Stale), "{path}");
        }
        assert_eq!(world.store.calls(), [], "no handler has run");

        world.store.out_of_date(false);
        assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
    }
}

#[actix_web::test]
async fn an_outdated_node_still_serves_visitors_and_unreadable_cookies() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.store.out_of_date(true);
    let answer = site.visit("/state").await;
    answer.assert_no_cookie();
    assert_eq!(answer.user().await, None);
    site.get("/state", "garbage").await.assert_cleared();
    let twice = format!("__Host-waxseal={ann}; __Host-waxseal={ann}");
    site.with_cookies("/state", &[twice.as_bytes()]).await.assert_cleared();
    site.visit("/login/bob").await.sealed();
    world.advance(IDLE);
    site.get("/state", &ann).await.assert_cleared();
}

// What every store has to do.

#[actix_web::test]
async fn the_store_in_memory_passes_the_acceptance_suite() {
    let world = World::new();
    let store = MemoryStore::with_clock(world.clock.clone());
    testing::acceptance_suite(&store, &world.clock).await.unwrap();
}

#[actix_web::test]
async fn the_store_without_records_passes_the_acceptance_suite() {
    let world = World::new();
    let store = StatelessStore::with_clock(world.clock.clone());
    testing::acceptance_suite(&store, &world.clock).await.unwrap();
}

#[actix_web::test]
async fn without_records_a_replaced_session_stays_revoked_though_the_new_one_was_shorter() {
    let world = World::new();
    let store = StatelessStore::with_clock(world.clock.clone());
    let session = |life: u64| {
        let policy = ExpiryPolicy::new(seconds(life), seconds(life), None).unwrap();
        SessionRecord::new(&policy, world.now(), State::default())
    };
    let (old, new) = (session(1_000_000), session(60));
    assert!(store.create(&new, Some(&old.id)).await.unwrap());
    world.clock.elapse(seconds(3 * 86_400));
    // Enough for expired revocations to be removed.
    for _ in 0..5_000 {
        store.revoke(&session(10)).await.unwrap();
    }
    assert_eq!(store.revocation_status(&old.id), RevocationStatus::Revoked);
}

/// Of two copies of a cookie, each is refreshed when it is due. The one who logs out has the one that expires
/// earlier.
#[actix_web::test]
async fn without_records_a_log_out_ends_copies_that_expire_later() {
    let world = World::new();
    let store = StatelessStore::with_clock(world.clock.clone());
    let middleware = SessionMiddleware::builder(store.clone(), &world.secret);
    let middleware = middleware.clock(world.clock.clone()).build().unwrap();
    let site = Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await;
    let mut own = site.log_in("ann").await;
    let mut copy = own.clone();
    let hours = |number: u64| world.clock.elapse(seconds(number * 3600));
    // Each has seven days, and is due after five and a quarter.
    for (until_own, until_copy) in [(127, 38), (89, 76)] {
        hours(until_own);
        own = site.get("/state", &own).await.sealed().value;
        hours(until_copy);
        copy = site.get("/state", &copy).await.sealed().value;
    }
    assert!(world.claims(&own).exp < world.claims(&copy).exp);
    site.get("/purge", &own).await.assert_cleared();
    // More than a day after its own cookie has expired.
    hours(130);
    // Enough for expired revocations to be removed.
    let policy = ExpiryPolicy::default();
    for _ in 0..5_000 {
        store.revoke(&SessionRecord::new(&policy, world.now(), State::default())).await.unwrap();
    }
    assert!(world.now() < world.claims(&copy).exp);
    assert_eq!(site.user(&copy).await, None);
}

#[actix_web::test]
async fn of_many_requests_at_once_nothing_is_lost_or_revived() {
    let world = World::new();
    let clock = &world.clock;
    testing::many_tabs_suite(&MemoryStore::with_clock(clock.clone()), clock).await.unwrap();
    testing::many_tabs_suite(&world.store, clock).await.unwrap();
    testing::many_tabs_suite(&StatelessStore::with_clock(clock.clone()), clock).await.unwrap();
}

#[actix_web::test]
async fn without_records_a_restart_logs_no_one_out_and_forgets_log_outs() {
    let world = World::new();
    let site = async || {
        let store = StatelessStore::with_clock(world.clock.clone());
        let middleware = SessionMiddleware::builder(store, &world.secret);
        let middleware = middleware.clock(world.clock.clone()).build().unwrap();
        Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone())).await
    };
    let (one, other) = (site().await, site().await);
    let ann = one.log_in("ann").await;
    assert_eq!(other.user(&ann).await.as_deref(), Some("ann"));
    one.get("/purge", &ann).await.assert_cleared();
    assert_eq!(one.user(&ann).await, None, "a copy is dead on this node");
    assert_eq!(other.user(&ann).await.as_deref(), Some("ann"), "and lives on the others");
}

#[actix_web::test]
async fn the_store_of_these_tests_passes_the_acceptance_suite() {
    let world = World::new();
    testing::acceptance_suite(&*world.store, &world.clock).await.unwrap();
}

#[actix_web::test]
async fn the_store_in_memory_vouches_only_for_what_it_has_seen() {
    let world = World::new();
    let middleware = || {
        let store = Arc::new(MemoryStore::with_clock(world.clock.clone()));
        let keyring = Keyring::new(&world.secret);
        SessionMiddleware::builder(store, keyring).clock(world.clock.clone()).build().unwrap()
    };
    let site =
        |middleware| Site::wrapped(middleware, |routes| handlers(routes, world.clock.clone()));
    let ann = site(middleware()).await.log_in("ann").await;
    site(middleware()).await.get("/state", &ann).await.assert_cleared();
}

#[actix_web::test]
async fn the_store_in_memory_forgets_expired_sessions() {
    let world = World::new();
    let store = MemoryStore::with_clock(world.clock.clone());
    assert!(store.is_empty());
    let lifetimes = ExpiryPolicy::new(seconds(10), seconds(10), None).unwrap();
    let open = || {
        let state = State::from_value(&json!({})).unwrap();
        let session = SessionRecord::new(&lifetimes, world.now(), state);
        let store = &store;
        async move { assert!(store.create(&session, None).await.unwrap()) }
    };
    for _ in 0..50 {
        for _ in 0..100 {
            open().await;
        }
        world.advance(10);
    }
    assert!(store.len() < 2000, "of 5000 opened, all but 100 are over: {}", store.len());
}

/// One middleware made without any settings works on every worker's clone of it.
#[actix_web::test]
async fn clones_of_a_middleware_share_its_store() {
    let middleware =
        SessionMiddleware::builder(MemoryStore::new(), Keyring::new(&Secret::generate()));
    let middleware = middleware.build().unwrap();
    let clock = Clock::system();
    let (one, other) = (
        Site::wrapped(middleware.clone(), |routes| handlers(routes, clock.clone())).await,
        Site::wrapped(middleware, |routes| handlers(routes, clock.clone())).await,
    );
    let ann = one.log_in("ann").await;
    assert_eq!(other.user(&ann).await.as_deref(), Some("ann"));
    other.get("/purge", &ann).await.assert_cleared();
    one.get("/state", &ann).await.assert_cleared();
}
