//! `TypedSession`: with actix's map and without it.

use std::collections::HashMap;

use actix_web::{
    HttpRequest, HttpResponse, Responder,
    http::StatusCode,
    web::{self, ServiceConfig},
};
use serde::{Deserialize, Serialize};
use waxseal_session::{CurrentSession, Mode, SessionError, TypedSession};

use crate::harness::{Call, IDLE, Site, World, handlers};

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
struct User {
    user_id: String,
    visits: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    theme: Option<String>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Cart {
    cart: Vec<u64>,
}

type Outcome = Result<HttpResponse, SessionError>;

async fn log_in(
    session: TypedSession<User>,
    user: web::Path<String>,
    request: HttpRequest,
) -> Outcome {
    session.clear();
    session.renew();
    session.set(&User { user_id: user.into_inner(), visits: 1, theme: None })?;
    let current = CurrentSession::of(&request).map(|session| session.id.to_string());
    Ok(HttpResponse::Ok().body(current.unwrap_or_default()))
}

async fn renew(session: TypedSession<User>) -> Outcome {
    session.renew();
    Ok(HttpResponse::Ok().finish())
}

#[derive(Default, Serialize, Deserialize)]
#[serde(default)]
struct OptionalUser {
    user_id: String,
    admin: bool,
}

async fn optional(session: TypedSession<OptionalUser>) -> Outcome {
    Ok(HttpResponse::Ok().json(session.get()?))
}

#[derive(Default, Serialize, Deserialize)]
struct Counts {
    counts: HashMap<String, u64>,
}

async fn touch_map(session: TypedSession<Counts>) -> Outcome {
    session.update(|_| ())?;
    Ok(HttpResponse::Ok().finish())
}

fn pages(routes: &mut ServiceConfig) {
    routes
        .route("/typed/login/{user}", web::to(log_in))
        .route("/typed/visit", web::to(visit))
        .route("/typed/theme", web::to(theme))
        .route("/typed/no-theme", web::to(no_theme))
        .route("/typed/cart", web::to(cart))
        .route("/typed/show", web::to(show))
        .route("/typed/logout", web::to(log_out))
        .route("/typed/flash", web::to(flash))
        .route("/typed/flashes", web::to(flashes))
        .route("/typed/nothing", web::to(nothing))
        .route("/typed/renew", web::to(renew))
        .route("/typed/optional", web::to(optional))
        .route("/typed/touch-map", web::to(touch_map));

    async fn visit(session: TypedSession<User>) -> Outcome {
        let visits = session.update(|user| {
            user.visits += 1;
            user.visits
        })?;
        Ok(HttpResponse::Ok().body(visits.to_string()))
    }
    async fn theme(session: TypedSession<User>) -> Outcome {
        session.update(|user| user.theme = Some("dark".to_owned()))?;
        Ok(HttpResponse::Ok().finish())
    }
    async fn no_theme(session: TypedSession<User>) -> Outcome {
        session.update(|user| user.theme = None)?;
        Ok(HttpResponse::Ok().finish())
    }
    async fn cart(session: TypedSession<Cart>) -> Outcome {
        session.update(|cart| cart.cart.push(7))?;
        Ok(HttpResponse::Ok().finish())
    }
    async fn show(session: TypedSession<User>) -> Outcome {
        Ok(HttpResponse::Ok().json(session.get()?))
    }
    async fn log_out(session: TypedSession<User>) -> Outcome {
        session.destroy();
        session.set(&User::default())?;
        assert_eq!(session.get()?, None, "after the end there is nothing");
        Ok(HttpResponse::Ok().finish())
    }
    async fn flash(session: TypedSession<User>) -> Outcome {
        session.flash("info", "one")?;
        session.flash("error", "two")?;
        Ok(HttpResponse::Ok().finish())
    }
    async fn flashes(session: TypedSession<User>) -> Outcome {
        Ok(HttpResponse::Ok().json(session.take_flashes()?))
    }
    async fn nothing(_: TypedSession<User>) -> impl Responder {
        HttpResponse::Ok()
    }
}

async fn site(world: &World, populated: bool, mode: Mode) -> Site {
    let middleware = world.middleware().actix_session(populated).mode(mode).build().unwrap();
    Site::wrapped(middleware, |routes| {
        handlers(routes, world.clock.clone());
        pages(routes);
    })
    .await
}

/// With the map and without it, in both modes.
async fn each(check: impl AsyncFn(World, Site)) {
    for populated in [true, false] {
        for mode in [Mode::Cookie, Mode::Database] {
            let world = World::new();
            let site = site(&world, populated, mode).await;
            check(world, site).await;
        }
    }
}

/// The cookie that the browser has after this answer.
fn after(answer: &crate::harness::Answer, before: &str) -> String {
    answer.cookie().map_or_else(|| before.to_owned(), |cookie| cookie.value)
}

#[actix_web::test]
async fn a_typed_state_is_read_changed_and_kept() {
    each(async |world, site| {
        let login = site.visit("/typed/login/ann").await;
        let token = login.sealed().value;
        assert_eq!(
            login.text().await,
            world.claims(&token).sid.to_string(),
            "the handler knows the id of the session that it has just opened"
        );
        let answer = site.get("/typed/visit", &token).await;
        let token = after(&answer, &token);
        assert_eq!(answer.text().await, "2");
        let shown = site.get("/typed/show", &token).await;
        shown.assert_no_cookie();
        assert_eq!(shown.text().await, r#"{"user_id":"ann","visits":2}"#);
        let kept = world.row(&token).unwrap().state;
        assert_eq!(kept.to_json(), r#"{"user_id":"ann","visits":2}"#);
    })
    .await;
}

#[actix_web::test]
async fn what_is_not_changed_costs_nothing() {
    each(async |world, site| {
        let token = site.visit("/typed/login/ann").await.sealed().value;
        world.store.calls();
        for path in ["/typed/nothing", "/typed/show", "/typed/no-theme", "/typed/flashes"] {
            site.get(path, &token).await.assert_no_cookie();
        }
        assert!(world.store.calls().iter().all(|call| *call == Call::Load));
        for path in ["/typed/nothing", "/typed/show", "/typed/flashes"] {
            site.visit(path).await.assert_no_cookie();
        }
    })
    .await;
}

#[actix_web::test]
async fn a_field_that_is_no_longer_written_goes_and_other_types_stay() {
    each(async |world, site| {
        let mut token = site.visit("/typed/login/ann").await.sealed().value;
        for (path, expected) in [
            ("/typed/theme", r#"{"theme":"dark","user_id":"ann","visits":1}"#),
            ("/typed/cart", r#"{"cart":[7],"theme":"dark","user_id":"ann","visits":1}"#),
            ("/typed/no-theme", r#"{"cart":[7],"user_id":"ann","visits":1}"#),
            ("/typed/cart", r#"{"cart":[7,7],"user_id":"ann","visits":1}"#),
        ] {
            let answer = site.get(path, &token).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            token = after(&answer, &token);
            assert_eq!(world.row(&token).unwrap().state.to_json(), expected, "{path}");
        }
    })
    .await;
}

#[actix_web::test]
async fn a_renewal_alone_keeps_the_state() {
    each(async |world, site| {
        let token = site.visit("/typed/login/ann").await.sealed().value;
        let renewed = site.get("/typed/renew", &token).await.sealed().value;
        assert_ne!(world.claims(&renewed).sid, world.claims(&token).sid);
        let shown = site.get("/typed/show", &renewed).await.text().await;
        assert_eq!(shown, r#"{"user_id":"ann","visits":1}"#);
    })
    .await;
}

#[actix_web::test]
async fn a_type_whose_fields_are_optional_is_none_for_a_visitor() {
    each(async |_, site| {
        let token = site.visit("/typed/flash").await.sealed().value;
        assert_eq!(site.get("/typed/optional", &token).await.text().await, "null");
        let ann = site.visit("/typed/login/ann").await.sealed().value;
        let shown = site.get("/typed/optional", &ann).await.text().await;
        assert_eq!(shown, r#"{"user_id":"ann","admin":false}"#);
    })
    .await;
}

#[actix_web::test]
async fn a_map_whose_order_differs_is_no_change() {
    each(async |world, site| {
        let state = serde_json::json!({"counts": {"a": 1, "b": 2, "c": 3, "d": 4}});
        let token = world.seal(world.claims_with(&state).to_string());
        // In database mode it is sealed again once.
        let token = after(&site.get("/typed/nothing", &token).await, &token);
        for _ in 0..10 {
            site.get("/typed/touch-map", &token).await.assert_no_cookie();
        }
    })
    .await;
}

#[actix_web::test]
async fn a_destroyed_session_is_over() {
    each(async |world, site| {
        let token = site.visit("/typed/login/ann").await.sealed().value;
        site.get("/typed/logout", &token).await.assert_cleared();
        assert!(world.row(&token).is_none());
        assert_eq!(site.get("/typed/show", &token).await.text().await, "null");
    })
    .await;
}

#[actix_web::test]
async fn messages_are_shown_once_also_to_visitors() {
    each(async |world, site| {
        let token = site.visit("/typed/flash").await.sealed().value;
        world.store.calls();
        let both = r#"[{"level":"info","text":"one"},{"level":"error","text":"two"}]"#;
        let answer = site.get("/typed/flashes", &token).await;
        let token = after(&answer, &token);
        assert_eq!(answer.text().await, both);
        assert_eq!(site.get("/typed/flashes", &token).await.text().await, "[]");
        let shown = site.get("/typed/show", &token).await;
        assert_eq!(shown.text().await, "null", "messages are no user");
    })
    .await;
}

#[actix_web::test]
async fn a_state_of_another_type_is_an_error_that_says_so() {
    each(async |world, site| {
        let state = serde_json::json!({"user_id": 7});
        let token = world.seal(world.claims_with(&state).to_string());
        let answer = site.get("/typed/show", &token).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        let error = answer.error().as_error::<SessionError>().unwrap().to_string();
        assert_eq!(error, "the session's state does not have the expected form");
    })
    .await;
}

#[actix_web::test]
async fn a_typed_session_is_refreshed_and_expires_like_any_other() {
    each(async |world, site| {
        let token = site.visit("/typed/login/ann").await.sealed().value;
        world.advance(IDLE - 1);
        let refreshed = site.get("/typed/show", &token).await;
        assert_eq!(refreshed.sealed().max_age, IDLE);
        let token = refreshed.sealed().value;
        assert_eq!(refreshed.text().await, r#"{"user_id":"ann","visits":1}"#);
        world.advance(IDLE);
        let over = site.get("/typed/show", &token).await;
        over.assert_cleared();
        assert_eq!(over.text().await, "null");
    })
    .await;
}

#[actix_web::test]
async fn the_typed_state_and_actix_s_session_are_the_same() {
    let world = World::new();
    let site = site(&world, true, Mode::Cookie).await;
    let token = site.log_in("ann").await;
    let token = site.get("/typed/cart", &token).await.sealed().value;
    let state = site.get("/state", &token).await.text().await;
    assert_eq!(state, r#"{"cart":[7],"user_id":"ann"}"#);
}

#[actix_web::test]
async fn a_session_that_is_not_populated_can_not_be_changed_unnoticed() {
    let world = World::new();
    let site = site(&world, false, Mode::Cookie).await;
    let token = site.visit("/typed/login/ann").await.sealed().value;
    assert_eq!(site.get("/state", &token).await.text().await, "{}", "it is empty");
    for path in ["/set/theme/dark", "/renew", "/purge", "/clear"] {
        let answer = site.get(path, &token).await;
        assert!(matches!(answer.session_error(), SessionError::NotPopulated), "{path}");
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
        answer.assert_no_cookie();
    }
    assert_eq!(world.row(&token).unwrap().state.get::<String>("user_id").as_deref(), Some("ann"));
}

#[actix_web::test]
async fn outside_of_the_middleware_there_is_no_typed_session() {
    let request = actix_web::test::TestRequest::default().to_http_request();
    let error = TypedSession::<User>::of(&request).unwrap_err();
    assert!(matches!(error, SessionError::NoMiddleware));
}
