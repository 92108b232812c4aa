//! How long a session lives, and when it is refreshed.

use waxseal_session::{ExpiryPolicy, Mode, Timestamp};

use crate::harness::{Builder, Call, IDLE, LIFETIME, SetCookie, World, seconds};

/// With this much of its time left a session is refreshed.
const THRESHOLD: u64 = IDLE / 4;

#[actix_web::test]
async fn above_the_threshold_nothing_is_sent_and_nothing_is_asked() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.store.calls();

    for _ in 0..3 {
        site.get("/state", &ann).await.assert_no_cookie();
    }
    world.advance(IDLE - THRESHOLD - 1);
    site.get("/state", &ann).await.assert_no_cookie();
    assert_eq!(world.store.calls(), []);
}

#[actix_web::test]
async fn at_the_threshold_the_session_is_refreshed_once() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    let before = world.claims(&ann);
    world.store.calls();

    world.advance(IDLE - THRESHOLD);
    let answer = site.get("/state", &ann).await;
    let refreshed = answer.sealed();
    assert_eq!(answer.user().await.as_deref(), Some("ann"));
    assert_eq!(world.store.calls(), [Call::Extend]);

    let after = world.claims(&refreshed.value);
    assert_eq!(after.sid, before.sid);
    assert_eq!(after.auth_time, before.auth_time);
    assert_eq!(after.iat, world.now());
    assert_eq!(after.exp, before.exp + seconds(IDLE - THRESHOLD));
    assert_in_step(&world, &refreshed);
    site.get("/state", &refreshed.value).await.assert_no_cookie();
}

#[actix_web::test]
async fn below_the_threshold_the_session_is_refreshed() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - 1);
    let refreshed = site.get("/untouched", &ann).await.sealed();
    assert_in_step(&world, &refreshed);
    assert_eq!(refreshed.max_age, IDLE);
}

#[actix_web::test]
async fn the_threshold_can_be_set() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.refresh_threshold(seconds(10))).await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - 11);
    site.get("/state", &ann).await.assert_no_cookie();
    world.advance(1);
    assert_in_step(&world, &site.get("/state", &ann).await.sealed());
}

#[actix_web::test]
async fn a_threshold_of_the_idle_timeout_refreshes_on_every_request() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.refresh_threshold(seconds(IDLE))).await;
    let mut token = site.log_in("ann").await;
    site.get("/state", &token).await.assert_no_cookie(); // in the same second
    for _ in 0..3 {
        world.advance(1);
        let refreshed = site.get("/state", &token).await.sealed();
        assert_in_step(&world, &refreshed);
        token = refreshed.value;
    }
}

#[actix_web::test]
async fn an_idle_session_ends_at_its_expiry_and_is_cleared() {
    let world = World::new();
    let site = world.site().await;
    let (ann, bob) = (site.log_in("ann").await, site.log_in("bob").await);
    world.advance(IDLE - 1);
    assert_eq!(site.user(&bob).await.as_deref(), Some("bob"), "the last second");
    world.advance(1);
    let answer = site.get("/state", &ann).await;
    answer.assert_cleared();
    assert_eq!(answer.user().await, None);
    site.get("/current", &ann).await.assert_cleared();
}

#[actix_web::test]
async fn an_active_session_outlives_its_first_expiry() {
    let world = World::new();
    let site = world.site().await;
    let first = site.log_in("ann").await;
    let mut token = first.clone();
    for _ in 0..4 {
        world.advance(300);
        let answer = site.get("/state", &token).await;
        if let Some(refreshed) = answer.cookie() {
            assert_in_step(&world, &refreshed);
            token = refreshed.value;
        }
    }
    assert!(world.now() > world.claims(&first).exp);
    assert_eq!(site.user(&token).await.as_deref(), Some("ann"));
    assert_eq!(site.user(&first).await, None, "the first token died at its own expiry");
}

#[actix_web::test]
async fn no_session_outlives_its_lifetime_however_busy() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.refresh_threshold(seconds(IDLE))).await;
    let mut token = site.log_in("ann").await;
    let end = world.now() + seconds(LIFETIME);
    while world.now() < end {
        let answer = site.get("/state", &token).await;
        if let Some(refreshed) = answer.cookie() {
            assert_in_step(&world, &refreshed);
            assert!(world.claims(&refreshed.value).exp <= end);
            token = refreshed.value;
        }
        world.advance(100);
    }
    site.get("/state", &token).await.assert_cleared();
}

#[actix_web::test]
async fn once_the_lifetime_is_reached_there_are_no_refreshes_any_more() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.advance(900);
    let ann = site.get("/state", &ann).await.sealed().value;
    world.advance(900);
    let last = site.get("/state", &ann).await.sealed();
    assert_eq!(last.max_age, LIFETIME - 1800, "cut off by the lifetime");
    assert_in_step(&world, &last);
    world.store.calls();

    world.advance(LIFETIME - 1800 - 1);
    let answer = site.get("/state", &last.value).await;
    answer.assert_no_cookie();
    assert_eq!(answer.user().await.as_deref(), Some("ann"));
    assert_eq!(world.store.calls(), []);
    world.advance(1);
    site.get("/state", &last.value).await.assert_cleared();
}

#[actix_web::test]
async fn shorter_settings_never_move_an_expiry_back() {
    let world = World::new();
    let ann = world.site().await.log_in("ann").await;
    let before = world.claims(&ann).exp;
    let shorter = ExpiryPolicy::new(seconds(100), seconds(200), Some(seconds(100))).unwrap();
    let site = world.site_with(|middleware| middleware.expiry_policy(shorter)).await;

    world.advance(IDLE - 50);
    site.get("/state", &ann).await.assert_no_cookie();
    let changed = site.get("/set/theme/dark", &ann).await.sealed();
    assert_eq!(world.claims(&changed.value).exp, before);
    assert_in_step(&world, &changed);
}

#[actix_web::test]
async fn a_change_in_cookie_mode_moves_the_expiry_too() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.advance(1);
    let changed = site.get("/set/theme/dark", &ann).await.sealed();
    assert_eq!(changed.max_age, IDLE);
    assert_in_step(&world, &changed);
}

#[actix_web::test]
async fn max_age_counts_from_the_sealing_not_from_the_request() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.mode(Mode::Database)).await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - THRESHOLD);
    let slow = site.get("/set-while-time-passes/30", &ann).await.sealed();
    assert_eq!(slow.max_age, IDLE - 30);
    assert_in_step(&world, &slow);
}

#[actix_web::test]
async fn a_session_that_ends_while_its_handler_runs_is_cleared() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    site.get(&format!("/set-while-time-passes/{IDLE}"), &ann).await.assert_cleared();
    assert_eq!(site.user(&ann).await, None);
}

#[actix_web::test]
async fn a_token_sealed_up_to_a_minute_ahead_is_accepted() {
    let world = World::new();
    let site = world.site().await;
    let start = world.now();
    for (ahead, accepted) in [(0, true), (60, true), (61, false), (86_400, false)] {
        world.clock.set(start + seconds(ahead));
        let ann = site.log_in("ann").await;
        world.clock.set(start);
        let answer = site.get("/state", &ann).await;
        assert_eq!(answer.cookie().is_some_and(|cookie| cookie.is_clearing()), !accepted);
        assert_eq!(answer.user().await.is_some(), accepted, "{ahead} s ahead");
    }
}

#[actix_web::test]
async fn the_range_of_time_has_an_end_and_sessions_reach_it() {
    let world = World::new();
    world.clock.set(Timestamp::MAX - seconds(10));
    let site = world.site().await;
    let cookie = site.visit("/login/ann").await.sealed();
    assert_eq!(cookie.max_age, 10);
    assert_eq!(site.user(&cookie.value).await.as_deref(), Some("ann"));
    world.advance(10);
    assert_eq!(site.user(&cookie.value).await, None);
}

#[actix_web::test]
async fn the_default_threshold_is_a_quarter_of_the_idle_timeout_and_at_least_a_second() {
    let quarter = |idle| ExpiryPolicy::new(seconds(idle), seconds(100_000), None).unwrap();
    assert_eq!(quarter(1000).refresh_threshold(), seconds(250));
    assert_eq!(quarter(3).refresh_threshold(), seconds(1));
    assert_eq!(quarter(1).refresh_threshold(), seconds(1));

    let world = World::new();
    let short = |middleware: Builder| middleware.idle_timeout(seconds(1));
    let site = world.site_with(short).await;
    let ann = site.log_in("ann").await;
    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
    world.advance(1);
    assert_eq!(site.user(&ann).await, None);
}

/// The cookie's Max-Age, the sealed expiry and the row's tell the same time.
#[track_caller]
fn assert_in_step(world: &World, cookie: &SetCookie) {
    let exp = world.claims(&cookie.value).exp;
    assert_eq!(world.now() + seconds(cookie.max_age), exp);
    assert_eq!(world.row(&cookie.value).expect("a row").expires_at, exp);
}
