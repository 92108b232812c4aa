//! Cookie mode and database mode: one API, and a way from each to the other.

use serde_json::json;
use waxseal_session::{Mode, SessionError};

use crate::harness::{Call, IDLE, Site, World, seconds};

#[actix_web::test]
async fn the_api_is_the_same_in_both_modes() {
    for mode in [Mode::Cookie, Mode::Database] {
        let world = World::new();
        let site = world.site_with(|middleware| middleware.mode(mode)).await;
        let mut browser = Browser::new(&site);
        browser.get("/login/ann").await;
        browser.get("/set/theme/dark").await;
        browser.get("/set/lang/de").await;
        browser.get("/remove/lang").await;
        assert_eq!(browser.get("/state").await, r#"{"theme":"dark","user_id":"ann"}"#, "{mode:?}");
        browser.get("/renew").await;
        assert_eq!(browser.get("/state").await, r#"{"theme":"dark","user_id":"ann"}"#, "{mode:?}");
        browser.get("/clear").await;
        assert_eq!(browser.get("/state").await, "{}", "{mode:?}");
        assert_eq!(world.store.len(), 1, "{mode:?}");
        browser.get("/purge").await;
        assert_eq!(browser.token, None, "{mode:?}");
        assert_eq!(world.store.len(), 0, "{mode:?}");
    }
}

/// Sends back the cookie that it was sent last.
struct Browser<'a> {
    site: &'a Site,
    token: Option<String>,
}

impl<'a> Browser<'a> {
    fn new(site: &'a Site) -> Self {
        Self { site, token: None }
    }

    async fn get(&mut self, path: &str) -> String {
        let answer = match &self.token {
            Some(token) => self.site.get(path, token).await,
            None => self.site.visit(path).await,
        };
        if let Some(cookie) = answer.cookie() {
            self.token = Some(cookie.value).filter(|value| !value.is_empty());
        }
        answer.text().await
    }
}

#[actix_web::test]
async fn in_cookie_mode_the_state_is_in_the_cookie_and_a_copy_in_the_row() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    let sealed = world.claims(&ann).state.expect("a state");
    assert_eq!(sealed.to_json(), r#"{"user_id":"ann"}"#);
    assert_eq!(world.row(&ann).unwrap().state.to_json(), sealed.to_json());
}

#[actix_web::test]
async fn in_cookie_mode_a_request_asks_the_store_for_nothing() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.store.calls();
    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
    assert_eq!(world.store.calls(), []);
}

#[actix_web::test]
async fn in_database_mode_the_cookie_seals_no_state() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.mode(Mode::Database)).await;
    let ann = site.log_in("ann").await;
    assert!(world.claims(&ann).state.is_none());
    assert_eq!(world.row(&ann).unwrap().state.to_json(), r#"{"user_id":"ann"}"#);
    world.store.calls();
    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
    assert_eq!(world.store.calls(), [Call::Load]);
}

#[actix_web::test]
async fn in_database_mode_a_mere_change_sends_no_cookie() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.mode(Mode::Database)).await;
    let ann = site.log_in("ann").await;
    world.advance(10);
    world.store.calls();

    site.get("/set/theme/dark", &ann).await.assert_no_cookie();
    assert_eq!(world.store.calls(), [Call::Load, Call::Save]);
    let state = site.get("/state", &ann).await.text().await;
    assert_eq!(state, r#"{"theme":"dark","user_id":"ann"}"#);
    let row = world.row(&ann).unwrap();
    assert_eq!(row.expires_at, world.claims(&ann).exp, "row and cookie stay in step");
}

#[actix_web::test]
async fn in_database_mode_sessions_are_refreshed_too() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.mode(Mode::Database)).await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - 1);
    let refreshed = site.get("/set/theme/dark", &ann).await.sealed();
    let claims = world.claims(&refreshed.value);
    assert_eq!(claims.exp, world.now() + seconds(IDLE));
    assert_eq!(refreshed.max_age, IDLE);
    assert_eq!(world.row(&ann).unwrap().expires_at, claims.exp);
    assert!(claims.state.is_none());
}

#[actix_web::test]
async fn in_database_mode_a_session_whose_record_is_gone_is_over() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.mode(Mode::Database)).await;
    let ann = site.log_in("ann").await;
    world.store.delete(&world.claims(&ann).sid);
    let answer = site.get("/state", &ann).await;
    answer.assert_cleared();
    assert_eq!(answer.user().await, None);
}

#[actix_web::test]
async fn from_cookie_to_database_no_one_is_logged_out() {
    assert_switched(Mode::Cookie, Mode::Database).await;
}

#[actix_web::test]
async fn from_database_to_cookie_no_one_is_logged_out() {
    assert_switched(Mode::Database, Mode::Cookie).await;
}

async fn assert_switched(from: Mode, to: Mode) {
    let world = World::new();
    let (before, after) = (
        world.site_with(|middleware| middleware.mode(from)).await,
        world.site_with(|middleware| middleware.mode(to)).await,
    );
    let ann = before.log_in("ann").await;
    let ann = before.get("/set/theme/dark", &ann).await.cookie().map_or(ann, |it| it.value);
    world.advance(1);

    let answer = after.get("/state", &ann).await;
    let resealed = answer.sealed();
    assert_eq!(answer.text().await, r#"{"theme":"dark","user_id":"ann"}"#);
    let (old, new) = (world.claims(&ann), world.claims(&resealed.value));
    assert_eq!((new.sid, new.auth_time), (old.sid, old.auth_time));
    assert_eq!(new.state.is_some(), to == Mode::Cookie, "of the new kind");
    assert_eq!(new.exp, world.now() + seconds(resealed.max_age));
    assert_eq!(world.row(&ann).unwrap().expires_at, new.exp);
    after.get("/state", &resealed.value).await.assert_no_cookie();
    after.get("/state", &ann).await.sealed();

    // While the change is rolled out, a browser meets nodes of both kinds.
    let back = before.get("/set/lang/de", &resealed.value).await.sealed().value;
    let state = after.get("/state", &back).await.text().await;
    assert_eq!(state, r#"{"lang":"de","theme":"dark","user_id":"ann"}"#);
    after.get("/purge", &back).await.assert_cleared();
    for (site, token) in [(&before, &ann), (&after, &ann), (&before, &back), (&after, &back)] {
        assert_eq!(site.user(token).await, None);
    }
}

#[actix_web::test]
async fn in_database_mode_the_record_is_believed_and_not_the_state_in_the_cookie() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.mode(Mode::Database)).await;
    let mut claims = world.honest_claims();
    claims["state"] = json!({"user_id": "mallory"});
    let token = world.seal(claims.to_string());
    assert_eq!(site.user(&token).await.as_deref(), Some("ann"));
}

#[actix_web::test]
async fn from_database_to_cookie_a_state_too_large_for_a_cookie_stays_in_the_store() {
    let world = World::new();
    let before = world.site_with(|middleware| middleware.mode(Mode::Database)).await;
    let after = world.site().await;
    let ann = before.log_in("ann").await;
    before.get("/fill/5000", &ann).await.assert_no_cookie();

    world.advance(IDLE - 1);
    let answer = after.get("/state", &ann).await;
    let refreshed = answer.sealed();
    assert_eq!(answer.user().await.as_deref(), Some("ann"), "no one is logged out");
    assert_eq!(refreshed.max_age, IDLE);
    let ann = refreshed.value;
    assert!(world.claims(&ann).state.is_none());
    after.get("/state", &ann).await.assert_no_cookie();

    let changed = after.get("/set/theme/dark", &ann).await;
    assert!(matches!(changed.session_error(), SessionError::TooLarge { .. }));
    let small_again = after.get("/remove/filling", &ann).await.sealed().value;
    assert!(world.claims(&small_again).state.is_some());
    assert_eq!(after.user(&small_again).await.as_deref(), Some("ann"));
}
