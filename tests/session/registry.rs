//! The registry: what every one of them has to do, and what the layer does when it can't be
//! reached.

use std::sync::Arc;

use actix_web::http::StatusCode;
use serde_json::json;
use waxseal::{
    clock::Clock,
    db::{Database, SqlSessionStore},
    seal::{Keyring, Secret},
    session::{
        Lifetimes, MemoryRegistry, Mode, Registry, SessionError, SessionId, SessionLayer,
        SessionRecord, Standing, State,
    },
};

use crate::harness::{Call, IDLE, Probe, Site, World, handlers, seconds};

// A refresh never creates a row.

#[actix_web::test]
async fn a_refresh_never_brings_a_row_back() {
    for mode in [Mode::Cookie, Mode::Database] {
        let world = World::new();
        let site = world.site_with(|layer| layer.mode(mode)).await;
        let ann = site.log_in("ann").await;
        world.advance(IDLE - 1);
        world.registry.delete(&world.claims(&ann).sid);

        let answer = site.get("/state", &ann).await;
        answer.assert_cleared();
        assert_eq!(answer.user().await, None, "over for this very request");
        assert_eq!(world.registry.len(), 0);
    }
}

#[actix_web::test]
async fn a_change_never_brings_a_row_back() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.registry.delete(&world.claims(&ann).sid);
    site.get("/set/theme/dark", &ann).await.assert_cleared();
    assert_eq!(world.registry.len(), 0);
}

#[actix_web::test]
async fn a_token_to_be_sealed_anew_whose_row_is_gone_is_cleared() {
    let world = World::new();
    let ann = world.site().await.log_in("ann").await;
    world.registry.delete(&world.claims(&ann).sid);
    let coming = Secret::generate();
    let keyring = Keyring::with_fallbacks(&coming, [&world.secret]).unwrap();
    let layer = world.layer_with_keys(keyring).build().unwrap();
    let site = Site::wrapped(layer, |routes| handlers(routes, world.clock.clone())).await;
    site.get("/state", &ann).await.assert_cleared();
}

// The registry can't be reached.

#[actix_web::test]
async fn when_the_registry_fails_there_is_no_refresh_and_the_request_is_served() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - 100);
    world.registry.fail(true);
    let answer = site.get("/current", &ann).await;
    answer.assert_no_cookie();
    let exp = world.claims(&ann).exp.as_unix().to_string();
    assert!(answer.text().await.ends_with(&exp), "no later expiry is promised");

    world.registry.fail(false);
    let refreshed = site.get("/state", &ann).await.sealed();
    assert_eq!(refreshed.max_age, IDLE, "it is made up for");
}

#[actix_web::test]
async fn when_the_registry_fails_a_token_is_not_sealed_anew_and_the_request_is_served() {
    let world = World::new();
    let ann = world.site().await.log_in("ann").await;
    let coming = Secret::generate();
    let keyring = Keyring::with_fallbacks(&coming, [&world.secret]).unwrap();
    let layer = world.layer_with_keys(keyring).build().unwrap();
    let site = Site::wrapped(layer, |routes| handlers(routes, world.clock.clone())).await;
    world.registry.fail(true);
    let answer = site.get("/state", &ann).await;
    answer.assert_no_cookie();
    assert_eq!(answer.user().await.as_deref(), Some("ann"));
}

#[actix_web::test]
async fn when_the_registry_fails_a_live_session_is_still_read() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.registry.fail(true);
    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
    site.visit("/state").await.assert_no_cookie();
    site.get("/state", "garbage").await.assert_cleared();
}

#[actix_web::test]
async fn what_the_registry_does_not_keep_is_answered_with_503_and_no_cookie() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.registry.fail(true);
    for (path, call) in [
        ("/set/theme/dark", Call::Save),
        ("/clear", Call::Save),
        ("/renew", Call::Open),
        ("/login/bob", Call::Open),
        ("/purge", Call::End),
    ] {
        world.registry.calls();
        let answer = site.get(path, &ann).await;
        answer.assert_unavailable();
        assert!(matches!(answer.session_error(), SessionError::Registry(_)), "{path}");
        assert_eq!(answer.text().await, "", "{path}: the cause is for the log");
        assert_eq!(world.registry.calls(), [call], "{path}");
    }
    site.visit("/login/bob").await.assert_unavailable();
    site.get("/login/bob", "garbage").await.assert_unavailable();

    world.registry.fail(false);
    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"), "nothing happened to her session");
    assert_eq!(world.row(&ann).unwrap().state.to_json(), r#"{"user_id":"ann"}"#);
    assert_eq!(world.registry.len(), 1);
}

#[actix_web::test]
async fn when_the_registry_fails_database_mode_can_not_tell_and_answers_503() {
    let world = World::new();
    let site = world.site_with(|layer| layer.mode(Mode::Database)).await;
    let ann = site.log_in("ann").await;
    world.registry.fail(true);
    site.get("/state", &ann).await.assert_unavailable();
    assert_eq!(site.visit("/state").await.status, StatusCode::OK);
    site.get("/state", "garbage").await.assert_cleared();
}

// The node has not heard of revocations for too long.

#[actix_web::test]
async fn a_node_out_of_date_answers_503_to_cookies_that_unseal() {
    for mode in [Mode::Cookie, Mode::Database] {
        let world = World::new();
        let site = world.site_with(|layer| layer.mode(mode)).await;
        let ann = site.log_in("ann").await;
        world.registry.out_of_date(true);
        world.registry.calls();
        for path in ["/state", "/untouched", "/purge", "/login/bob"] {
            let answer = site.get(path, &ann).await;
            answer.assert_unavailable();
            assert!(matches!(answer.session_error(), SessionError::Stale), "{path}");
        }
        assert_eq!(world.registry.calls(), [], "no handler has run");

        world.registry.out_of_date(false);
        assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
    }
}

#[actix_web::test]
async fn a_node_out_of_date_serves_visitors_and_unreadable_cookies_as_ever() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.registry.out_of_date(true);
    let answer = site.visit("/state").await;
    answer.assert_no_cookie();
    assert_eq!(answer.user().await, None);
    site.get("/state", "garbage").await.assert_cleared();
    let twice = format!("__Host-session={ann}; __Host-session={ann}");
    site.with_cookies("/state", &[twice.as_bytes()]).await.assert_cleared();
    site.visit("/login/bob").await.sealed();
    world.advance(IDLE);
    site.get("/state", &ann).await.assert_cleared();
}

// What every registry has to do.

#[actix_web::test]
async fn the_registry_in_memory_keeps_the_rules_of_registries() {
    let world = World::new();
    assert_rules(&world, MemoryRegistry::new(world.clock.clone())).await;
}

#[actix_web::test]
async fn the_registry_of_these_tests_keeps_the_rules_of_registries() {
    let world = World::new();
    assert_rules(&world, Probe::new(world.clock.clone())).await;
}

#[actix_web::test]
async fn the_registry_on_the_database_keeps_the_rules_of_registries() {
    let world = World::new();
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("test.db").display());
    let database = Database::connect(&url.parse().unwrap()).await.unwrap();
    let store = SqlSessionStore::load(database, world.clock.clone()).await.unwrap();
    assert_rules(&world, store).await;
}

async fn assert_rules(world: &World, registry: impl Registry) {
    let lifetimes = Lifetimes::new(seconds(IDLE), seconds(IDLE), None).unwrap();
    let open = |user: &str| {
        let state = State::from_value(&json!({"user_id": user})).unwrap();
        SessionRecord::open(&lifetimes, world.now(), state)
    };
    let (ann, bob, new) = (open("ann"), open("bob"), open("ann"));
    for session in [&ann, &bob] {
        assert!(registry.open(session, None).await.unwrap());
        assert_eq!(registry.standing(&session.id), Standing::Live);
    }
    assert_eq!(loaded(&registry, &ann.id).await.as_deref(), Some(r#"{"user_id":"ann"}"#));

    let changed = SessionRecord { state: open("anna").state, ..ann.clone() };
    assert!(registry.save(&changed).await.unwrap());
    assert_eq!(loaded(&registry, &ann.id).await.as_deref(), Some(r#"{"user_id":"anna"}"#));

    assert!(registry.open(&new, Some(&ann.id)).await.unwrap());
    assert_over(&registry, &ann).await;
    // What was renewed too late is not renewed.
    assert!(!registry.open(&open("ann"), Some(&ann.id)).await.unwrap());
    registry.end(&bob).await.unwrap();
    registry.end(&bob).await.unwrap();
    assert_over(&registry, &bob).await;
    let stranger = open("ann");
    assert_eq!(loaded(&registry, &stranger.id).await, None);
    assert!(!registry.refresh(&stranger.id, stranger.expires_at).await.unwrap());
    assert!(!registry.save(&stranger).await.unwrap());
    // A cookie can outlive its row: in a database that was restored from a backup, say.
    registry.end(&stranger).await.unwrap();
    assert_over(&registry, &stranger).await;

    // Never back: the later of two requests may be the one that was sealed earlier.
    assert!(registry.refresh(&new.id, new.expires_at + seconds(10)).await.unwrap());
    assert!(registry.refresh(&new.id, new.expires_at).await.unwrap());
    assert!(registry.save(&new).await.unwrap());
    world.advance(IDLE + 9);
    assert!(registry.refresh(&new.id, new.expires_at).await.unwrap());
    assert!(loaded(&registry, &new.id).await.is_some());
    world.advance(1);
    assert!(!registry.refresh(&new.id, world.now() + seconds(IDLE)).await.unwrap());
    assert!(!registry.save(&new).await.unwrap());
    assert_eq!(loaded(&registry, &new.id).await, None);
    assert!(!registry.open(&open("ann"), Some(&new.id)).await.unwrap());
}

async fn loaded(registry: &impl Registry, id: &SessionId) -> Option<String> {
    registry.load(id).await.unwrap().map(|state| state.to_json().to_owned())
}

async fn assert_over(registry: &impl Registry, session: &SessionRecord) {
    assert_eq!(registry.standing(&session.id), Standing::Revoked);
    assert_eq!(loaded(registry, &session.id).await, None);
    assert!(!registry.refresh(&session.id, session.expires_at).await.unwrap());
    assert!(!registry.save(session).await.unwrap());
}

#[actix_web::test]
async fn the_registry_in_memory_vouches_only_for_what_it_has_seen() {
    let world = World::new();
    let layer = || {
        let registry = Arc::new(MemoryRegistry::new(world.clock.clone()));
        let keyring = Keyring::new(&world.secret);
        SessionLayer::builder(keyring, registry).clock(world.clock.clone()).build().unwrap()
    };
    let site = |layer| Site::wrapped(layer, |routes| handlers(routes, world.clock.clone()));
    let ann = site(layer()).await.log_in("ann").await;
    site(layer()).await.get("/state", &ann).await.assert_cleared();
}

#[actix_web::test]
async fn the_registry_in_memory_forgets_expired_sessions() {
    let world = World::new();
    let registry = MemoryRegistry::new(world.clock.clone());
    assert!(registry.is_empty());
    let lifetimes = Lifetimes::new(seconds(10), seconds(10), None).unwrap();
    let open = || {
        let state = State::from_value(&json!({})).unwrap();
        let session = SessionRecord::open(&lifetimes, world.now(), state);
        let registry = &registry;
        async move { assert!(registry.open(&session, None).await.unwrap()) }
    };
    for _ in 0..50 {
        for _ in 0..100 {
            open().await;
        }
        world.advance(10);
    }
    assert!(registry.len() < 2000, "of 5000 opened, all but 100 are over: {}", registry.len());
}

/// One layer made without any settings works on every worker's clone of it.
#[actix_web::test]
async fn clones_of_a_layer_share_its_registry() {
    let layer = SessionLayer::new(&Secret::generate());
    let clock = Clock::system();
    let (one, other) = (
        Site::wrapped(layer.clone(), |routes| handlers(routes, clock.clone())).await,
        Site::wrapped(layer, |routes| handlers(routes, clock.clone())).await,
    );
    let ann = one.log_in("ann").await;
    assert_eq!(other.user(&ann).await.as_deref(), Some("ann"));
    other.get("/purge", &ann).await.assert_cleared();
    one.get("/state", &ann).await.assert_cleared();
}
