//! actix-identity on top of the middleware.

use std::time::Duration;

use actix_identity::{Identity, IdentityMiddleware, config::IdentityMiddlewareBuilder};
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    http::StatusCode,
    web::{self, Path},
};
use serde_json::{Value, json};
use waxseal_session::Clock;

use crate::harness::{Call, Site, World, handlers};

const HOUR: u64 = 3600;

#[actix_web::test]
async fn someone_logs_in_is_remembered_and_logs_out() {
    let world = World::new();
    let site = site(&world, IdentityMiddleware::builder()).await;
    assert_eq!(site.visit("/identity").await.status, StatusCode::UNAUTHORIZED);
    let ann = site.log_in("ann").await;
    world.store.calls();
    for _ in 0..3 {
        let answer = site.get("/identity", &ann).await;
        answer.assert_no_cookie();
        assert_eq!(answer.text().await, "ann");
    }
    assert_eq!(world.store.calls(), []);
    site.get("/logout", &ann).await.assert_cleared();
    assert_eq!(world.store.calls(), [Call::Revoke]);
    assert_eq!(site.get("/identity", &ann).await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn a_log_in_replaces_the_session_that_was_there() {
    let world = World::new();
    let site = site(&world, IdentityMiddleware::builder()).await;
    let planted = site.visit("/set/theme/dark").await.sealed().value;
    let ann = site.get("/login/ann", &planted).await.sealed().value;
    assert_ne!(world.claims(&ann).sid, world.claims(&planted).sid);
    assert_eq!(site.get("/identity", &planted).await.status, StatusCode::UNAUTHORIZED);
    let bob = site.get("/login/bob", &ann).await.sealed().value;
    assert_eq!(site.get("/identity", &bob).await.text().await, "bob");
    assert_eq!(site.get("/identity", &ann).await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn with_a_visit_deadline_most_requests_save_nothing_and_set_no_cookie() {
    let world = World::new();
    let site = site(&world, deadlines()).await;
    let ann = world.seal(world.claims_with(&visited(10)).to_string());
    for _ in 0..20 {
        let answer = site.get("/identity", &ann).await;
        answer.assert_no_cookie();
        assert_eq!(answer.text().await, "ann");
    }
    assert_eq!(world.store.calls(), []);
}

#[actix_web::test]
async fn with_a_visit_deadline_a_change_is_kept_with_the_time_of_the_visit() {
    let world = World::new();
    let site = site(&world, deadlines()).await;
    let ann = world.seal(world.claims_with(&visited(10)).to_string());
    let ann = site.get("/set/theme/dark", &ann).await.sealed().value;
    assert!(last_visit(&world, &ann) > now() - 10);
}

#[actix_web::test]
async fn a_visit_half_a_minute_after_the_last_one_is_kept() {
    let world = World::new();
    let site = site(&world, deadlines()).await;
    let ann = world.seal(world.claims_with(&visited(30)).to_string());
    let answer = site.get("/identity", &ann).await;
    let later = answer.sealed().value;
    assert_eq!(answer.text().await, "ann");
    assert_eq!(world.store.calls(), [Call::Save]);
    assert!(last_visit(&world, &later) > now() - 30);
    site.get("/identity", &later).await.assert_no_cookie();
}

#[actix_web::test]
async fn a_deadline_that_has_passed_ends_the_session() {
    let world = World::new();
    let site = site(&world, deadlines()).await;
    let mut too_long_ago = visited(0);
    too_long_ago["actix_identity.logged_in_at"] = json!(now() - 25 * HOUR as i64);
    for state in [visited(2 * HOUR as i64), too_long_ago] {
        let ann = world.seal(world.claims_with(&state).to_string());
        let answer = site.get("/identity", &ann).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
        answer.assert_cleared();
        assert_eq!(world.store.calls(), [Call::Revoke]);
        assert!(world.row(&ann).is_none());
    }
}

fn deadlines() -> IdentityMiddlewareBuilder {
    IdentityMiddleware::builder()
        .visit_deadline(Some(Duration::from_secs(HOUR)))
        .login_deadline(Some(Duration::from_secs(24 * HOUR)))
}

async fn site(world: &World, identity: IdentityMiddlewareBuilder) -> Site {
    let clock = world.clock.clone();
    Site::wrapped(world.middleware().build().unwrap(), |routes| {
        let inside = web::scope("")
            .wrap(identity.build())
            .route("/login/{user}", web::to(log_in))
            .route("/logout", web::to(log_out))
            .route("/identity", web::to(user))
            .configure(|routes| handlers(routes, clock));
        routes.service(inside);
    })
    .await
}

async fn log_in(request: HttpRequest, user: Path<String>) -> HttpResponse {
    Identity::login(&request.extensions(), user.into_inner()).unwrap();
    HttpResponse::Ok().finish()
}

async fn log_out(identity: Identity) -> HttpResponse {
    identity.logout();
    HttpResponse::Ok().finish()
}

async fn user(identity: Identity) -> String {
    identity.id().unwrap()
}

/// Ann's state, logged in and last seen this many seconds ago. actix-identity asks the system for the time.
fn visited(ago: i64) -> Value {
    let then = now() - ago;
    json!({
        "actix_identity.user_id": "ann",
        "actix_identity.logged_in_at": then,
        "actix_identity.last_visited_at": then,
    })
}

fn last_visit(world: &World, token: &str) -> i64 {
    world.claims(token).state.unwrap().get("actix_identity.last_visited_at").unwrap()
}

fn now() -> i64 {
    Clock::system().now().as_unix()
}
