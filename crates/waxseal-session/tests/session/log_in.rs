//! Logging in, renewing, logging out; sessions that somebody else ended.

use std::sync::Arc;

use actix_session::Session;
use actix_web::{
    HttpResponse,
    web::{self, Data},
};
use waxseal_session::{CurrentSession, Mode};

use crate::harness::{Call, IDLE, Probe, Site, World, handlers, seconds};

#[actix_web::test]
async fn logging_in_creates_a_record_that_says_what_the_cookie_says() {
    let world = World::new();
    let site = world.site().await;
    let cookie = site.visit("/login/ann").await.sealed();
    assert_eq!(world.store.calls(), [Call::Create]);
    assert_eq!(site.user(&cookie.value).await.as_deref(), Some("ann"));

    let (claims, row) = (world.claims(&cookie.value), world.row(&cookie.value).unwrap());
    assert_eq!((claims.auth_time, claims.iat), (world.now(), world.now()));
    assert_eq!(claims.exp, world.now() + seconds(IDLE));
    assert_eq!(cookie.max_age, IDLE);
    assert_eq!((row.auth_time, row.expires_at), (claims.auth_time, claims.exp));
    assert_eq!(row.state.to_json(), claims.state.unwrap().to_json());
}

#[actix_web::test]
async fn every_log_in_is_a_session_of_its_own() {
    let world = World::new();
    let site = world.site().await;
    let (laptop, phone) = (site.log_in("ann").await, site.log_in("ann").await);
    assert_ne!(world.claims(&laptop).sid, world.claims(&phone).sid);
    site.get("/purge", &laptop).await.assert_cleared();
    assert_eq!(site.user(&laptop).await, None);
    assert_eq!(site.user(&phone).await.as_deref(), Some("ann"));
}

#[actix_web::test]
async fn renewing_gives_a_new_id_and_auth_time_and_ends_the_old_session() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    let old = world.claims(&ann);
    world.store.calls();

    world.advance(100);
    let renewed = site.get("/renew", &ann).await.sealed();
    assert_eq!(world.store.calls(), [Call::Load, Call::Create]);
    let new = world.claims(&renewed.value);
    assert_ne!(new.sid, old.sid);
    assert_eq!(new.auth_time, world.now());
    assert_eq!(new.exp, world.now() + seconds(IDLE));
    assert_eq!(renewed.max_age, IDLE);
    assert_eq!(site.user(&renewed.value).await.as_deref(), Some("ann"), "the state goes along");

    assert!(world.row(&ann).is_none());
    let late = site.get("/state", &ann).await;
    late.assert_no_cookie();
    assert_eq!(late.user().await, None);
    world.advance(60);
    site.get("/state", &ann).await.assert_cleared();
}

#[actix_web::test]
async fn logging_in_while_logged_in_revokes_the_session_that_was_there() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    let bob = site.get("/login/bob", &ann).await.sealed().value;
    assert_eq!(site.user(&bob).await.as_deref(), Some("bob"));
    assert_eq!(site.user(&ann).await, None);
    assert_eq!(world.store.len(), 1);
}

#[actix_web::test]
async fn renewing_when_a_refresh_is_due_sends_one_cookie() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - 1);
    let renewed = site.get("/renew", &ann).await.sealed();
    assert_ne!(world.claims(&renewed.value).sid, world.claims(&ann).sid);
    assert_eq!(site.user(&ann).await, None);
}

#[actix_web::test]
async fn logging_out_revokes_the_session_and_clears_the_cookie() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.store.calls();

    site.get("/purge", &ann).await.assert_cleared();
    assert_eq!(world.store.calls(), [Call::Revoke]);
    assert!(world.row(&ann).is_none());
    site.visit("/state").await.assert_no_cookie();
}

#[actix_web::test]
async fn a_cookie_copied_before_the_log_out_is_dead_after_it() {
    let world = World::new();
    let site = world.site().await;
    let copied = site.log_in("ann").await;
    world.advance(800);
    let ann = site.get("/state", &copied).await.sealed().value;
    assert_eq!(site.user(&copied).await.as_deref(), Some("ann"), "both are the same session");

    site.get("/purge", &ann).await.assert_cleared();
    for token in [&copied, &ann] {
        let answer = site.get("/state", token).await;
        answer.assert_cleared();
        assert_eq!(answer.user().await, None);
        site.get("/renew", token).await.assert_cleared();
    }
    for token in [&copied, &ann] {
        site.get("/set/theme/dark", token).await;
        assert_eq!(site.user(token).await, None);
    }
}

#[actix_web::test]
async fn logging_out_beats_a_refresh() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - 1);
    site.get("/purge", &ann).await.assert_cleared();
    assert_eq!(site.user(&ann).await, None);
}

#[actix_web::test]
async fn logging_out_beats_whatever_else_the_handler_does() {
    let world = World::new();
    let site = Site::wrapped(world.middleware().build().unwrap(), |routes| {
        handlers(routes, world.clock.clone());
        routes.route("/undecided", web::to(undecided));
    })
    .await;
    async fn undecided(session: Session) -> actix_web::Result<HttpResponse> {
        session.renew();
        session.insert("theme", "dark")?;
        session.purge();
        session.insert("user_id", "bob")?;
        session.renew();
        Ok(HttpResponse::Ok().finish())
    }

    let ann = site.log_in("ann").await;
    site.get("/undecided", &ann).await.assert_cleared();
    assert_eq!(site.user(&ann).await, None);
    assert_eq!(world.store.len(), 0);
    site.visit("/undecided").await.assert_no_cookie();
}

#[actix_web::test]
async fn a_session_that_was_revoked_is_over_and_cleared() {
    let world = World::new();
    for mode in [Mode::Cookie, Mode::Database] {
        let site = world.site_with(|middleware| middleware.mode(mode)).await;
        let ann = site.log_in("ann").await;
        world.store.revoke(&world.claims(&ann).sid);
        for path in ["/state", "/current", "/untouched", "/clear", "/renew", "/purge"] {
            site.get(path, &ann).await.assert_cleared();
        }
        assert_eq!(site.user(&ann).await, None);
    }
}

#[actix_web::test]
async fn a_session_that_is_revoked_while_its_handler_changes_it_stays_over() {
    let world = World::new();
    for mode in [Mode::Cookie, Mode::Database] {
        let middleware = world.middleware().mode(mode).build().unwrap();
        let site = Site::wrapped(middleware, |routes| {
            handlers(routes, world.clock.clone());
            routes
                .app_data(Data::from(Arc::clone(&world.store)))
                .route("/overtaken", web::to(overtaken));
        })
        .await;
        let ann = site.log_in("ann").await;
        // The browser may have another session's cookie by now.
        site.get("/overtaken", &ann).await.assert_no_cookie();
        assert!(world.row(&ann).is_none());
        site.get("/state", &ann).await.assert_cleared();
    }

    /// Another node is quicker.
    async fn overtaken(
        current: CurrentSession,
        session: Session,
        store: Data<Probe>,
    ) -> actix_web::Result<HttpResponse> {
        store.revoke(&current.id);
        session.insert("theme", "dark")?;
        Ok(HttpResponse::Ok().finish())
    }
}
