//! What handlers can ask about the current session, and sessions that they create themselves.

use std::sync::Arc;

use actix_session::Session;
use actix_web::{
    FromRequest, HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Data},
};
use serde_json::json;
use waxseal_session::{
    Clock, CurrentSession, ExpiryPolicy, SessionError, SessionRecord, SessionStore as _, State,
    attach_session,
};

use crate::harness::{Call, IDLE, Probe, Site, World, handlers, seconds};

#[actix_web::test]
async fn handlers_learn_the_id_and_the_times_of_the_session() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    assert_current_is_sealed(&world, &site.get("/current", &ann).await.text().await, &ann);
}

#[actix_web::test]
async fn a_refresh_that_the_request_brings_is_counted_in() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.advance(IDLE - 1);
    let answer = site.get("/current", &ann).await;
    let refreshed = answer.sealed().value;
    assert_current_is_sealed(&world, &answer.text().await, &refreshed);
}

#[track_caller]
fn assert_current_is_sealed(world: &World, current: &str, token: &str) {
    let claims = world.claims(token);
    let (auth_time, exp) = (claims.auth_time.as_unix(), claims.exp.as_unix());
    assert_eq!(current, format!("{} {auth_time} {exp}", claims.sid));
}

#[actix_web::test]
async fn without_a_session_the_extractor_answers_401() {
    let world = World::new();
    let site = world.site().await;
    let answer = site.visit("/current").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    answer.assert_no_cookie();
    let answer = site.get("/current", "garbage").await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    answer.assert_cleared();
}

#[actix_web::test]
async fn an_optional_current_session_takes_both() {
    let world = World::new();
    let site = Site::wrapped(world.middleware().build().unwrap(), |routes| {
        handlers(routes, world.clock.clone());
        routes.route("/either", web::to(either));
    })
    .await;
    async fn either(session: Option<CurrentSession>) -> String {
        session.map_or_else(|| "visitor".to_owned(), |session| session.id.to_string())
    }

    assert_eq!(site.visit("/either").await.text().await, "visitor");
    let ann = site.log_in("ann").await;
    let id = site.get("/either", &ann).await.text().await;
    assert_eq!(id, world.claims(&ann).sid.to_string());
}

#[actix_web::test]
async fn a_session_that_the_app_opened_itself_is_attached() {
    let world = World::new();
    let site = site_that_adopts(&world).await;
    let answer = site.visit("/attach_session/ann").await;
    let cookie = answer.sealed();
    assert_eq!(
        world.store.calls(),
        [Call::Create],
        "by the handler, not once more by the middleware"
    );

    let claims = world.claims(&cookie.value);
    assert_eq!(answer.text().await, claims.sid.to_string());
    assert_eq!(claims.exp, world.now() + seconds(500));
    assert_eq!(cookie.max_age, 500);
    assert_eq!(world.row(&cookie.value).unwrap().expires_at, claims.exp);
    assert_eq!(site.user(&cookie.value).await.as_deref(), Some("ann"));
}

#[actix_web::test]
async fn an_attached_session_takes_the_place_of_the_one_that_was_there() {
    let world = World::new();
    let site = site_that_adopts(&world).await;
    let ann = site.log_in("ann").await;
    let ann = site.get("/set/theme/dark", &ann).await.sealed().value;
    world.advance(IDLE - 1); // a refresh of the old one is due
    let answer = site.get("/attach_session/bob", &ann).await;
    let bob = answer.sealed().value;
    let state = site.get("/state", &bob).await.text().await;
    assert_eq!(state, r#"{"user_id":"bob"}"#, "nothing of the old state is left");
    assert_eq!(world.claims(&bob).auth_time, world.now());
}

#[actix_web::test]
async fn the_rest_of_the_request_sees_the_attached_session() {
    let world = World::new();
    let site = site_that_adopts(&world).await;
    let cookie = site.visit("/attach_session-and-change/ann").await.sealed();
    let state = site.get("/state", &cookie.value).await.text().await;
    assert_eq!(state, r#"{"theme":"dark","user_id":"ann"}"#);
    assert_eq!(world.row(&cookie.value).unwrap().state.to_json(), state);
}

#[actix_web::test]
async fn an_attached_session_whose_state_is_too_large_is_refused_by_its_size() {
    let world = World::new();
    let site = site_that_adopts(&world).await;
    let answer = site.visit(&format!("/attach_session/{}", "a".repeat(4000))).await;
    assert!(matches!(answer.session_error(), SessionError::TooLarge { size: 4097.. }));
    answer.assert_no_cookie();
}

#[actix_web::test]
async fn after_a_purge_or_a_renewal_nothing_is_attached() {
    let world = World::new();
    let site = site_that_adopts(&world).await;
    for first in ["purge", "renew"] {
        let ann = site.log_in("ann").await;
        let answer = site.get(&format!("/late/{first}/bob"), &ann).await;
        assert!(matches!(answer.session_error(), SessionError::AttachedLate), "{first}");
    }
}

#[actix_web::test]
async fn outside_the_middleware_nothing_is_attached() {
    let request = actix_web::test::TestRequest::default().to_http_request();
    let state = State::from_value(&json!({"user_id": "ann"})).unwrap();
    let record = SessionRecord::new(&ExpiryPolicy::default(), World::new().now(), state);
    let error = attach_session(&request, record).unwrap_err();
    assert!(matches!(error, SessionError::NoMiddleware));
    assert_eq!(error.to_string(), "no session middleware is around this handler");
}

async fn site_that_adopts(world: &World) -> Site {
    Site::wrapped(world.middleware().build().unwrap(), |routes| {
        handlers(routes, world.clock.clone());
        routes
            .app_data(Data::from(Arc::clone(&world.store)))
            .route("/attach_session/{user}", web::to(log_in))
            .route("/late/{first}/{user}", web::to(log_in_late))
            .route("/attach_session-and-change/{user}", web::to(log_in_and_change));
    })
    .await
}

/// A log-in that opens the row itself; answers with the id that `CurrentSession` then has.
async fn log_in(
    request: HttpRequest,
    user: web::Path<String>,
    clock: Data<Clock>,
    store: Data<Probe>,
) -> actix_web::Result<String> {
    let lifetimes = ExpiryPolicy::new(seconds(500), seconds(500), None).unwrap();
    let state = State::from_value(&json!({"user_id": user.into_inner()})).unwrap();
    let record = SessionRecord::new(&lifetimes, clock.now(), state);
    store.create(&record, None).await.unwrap();
    attach_session(&request, record)?;
    Ok(CurrentSession::extract(&request).await?.id.to_string())
}

/// The same, after the session that was there was purged or renewed.
async fn log_in_late(
    request: HttpRequest,
    path: web::Path<(String, String)>,
    session: Session,
    clock: Data<Clock>,
    store: Data<Probe>,
) -> actix_web::Result<String> {
    let (first, user) = path.into_inner();
    match first.as_str() {
        "purge" => session.purge(),
        _ => session.renew(),
    }
    log_in(request, user.into(), clock, store).await
}

async fn log_in_and_change(
    request: HttpRequest,
    user: web::Path<String>,
    session: Session,
    clock: Data<Clock>,
    store: Data<Probe>,
) -> actix_web::Result<HttpResponse> {
    log_in(request, user, clock, store).await?;
    session.insert("theme", "dark")?;
    Ok(HttpResponse::Ok().finish())
}
