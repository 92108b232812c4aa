//! The state: what handlers, and middlewares between the middleware and them, do to it is kept, and
//! what they don't do costs nothing.

use std::{
    cell::Cell,
    convert::Infallible,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll},
};

use actix_session::{Session, SessionExt};
use actix_web::{
    Error, HttpResponse, ResponseError,
    body::{BodySize, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    error::ErrorConflict,
    http::StatusCode,
    middleware::{Next, from_fn},
    web::{self, Bytes},
};
use serde_json::{json, value::RawValue};
use waxseal_session::{
    Mode, SessionError, SessionStore as _, State, StateChanges, cookie::MAX_COOKIE_BYTES,
};

use crate::harness::{Call, IDLE, Site, World, handlers};

#[actix_web::test]
async fn what_is_inserted_is_there_on_the_next_request() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    let changed = site.get("/set/theme/dark", &ann).await.sealed().value;
    assert_eq!(state(&site, &changed).await, r#"{"theme":"dark","user_id":"ann"}"#);
    assert_eq!(world.row(&ann).unwrap().state.to_json(), r#"{"theme":"dark","user_id":"ann"}"#);
    assert_eq!(world.claims(&changed).sid, world.claims(&ann).sid);
}

#[actix_web::test]
async fn an_update_is_not_lost() {
    let world = World::new();
    let site = world.site().await;
    let mut token = with_state(&world, json!({"user_id": "ann", "visits": 1}));
    for _ in 0..2 {
        token = site.get("/increment/visits", &token).await.sealed().value;
    }
    assert_eq!(state(&site, &token).await, r#"{"user_id":"ann","visits":3}"#);
    assert_eq!(world.row(&token).unwrap().state.get::<u64>("visits"), Some(3));
}

#[actix_web::test]
async fn what_others_have_made_too_large_for_a_cookie_stays_in_the_store() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    // Another node has kept two changes, each of which fits.
    let row = world.row(&ann).unwrap();
    let filling = "x".repeat(2500);
    let large = State::from_value(&json!({"user_id": "ann", "a": filling, "b": filling})).unwrap();
    let changes = StateChanges::between(&row.state, &large);
    world.store.save(&row, &changes).await.unwrap().unwrap();
    world.advance(IDLE - 1);
    let refreshed = site.get("/state", &ann).await;
    assert_eq!(refreshed.status, StatusCode::OK);
    let token = refreshed.sealed().value;
    let state = site.get("/state", &token).await.text().await;
    assert!(state.contains(r#""a":"xx"#) && state.contains(r#""b":"xx"#));
    let renewed = site.get("/renew", &ann).await;
    assert_eq!(renewed.status, StatusCode::OK);
    let state = site.get("/state", &renewed.sealed().value).await.text().await;
    assert!(state.contains(r#""a":"xx"#) && state.contains(r#""b":"xx"#));
}

#[actix_web::test]
async fn two_changes_that_are_too_large_together_are_both_kept() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    let row = world.row(&ann).unwrap();
    let large = json!({"user_id": "ann", "elsewhere": "x".repeat(2500)});
    let changes = StateChanges::between(&row.state, &State::from_value(&large).unwrap());
    world.store.save(&row, &changes).await.unwrap().unwrap();
    let changed = site.get("/fill/2500", &ann).await;
    assert_eq!(changed.status, StatusCode::OK);
    let state = site.get("/state", &changed.sealed().value).await.text().await;
    assert!(state.contains(r#""elsewhere":"xx"#) && state.contains(r#""filling":"xx"#));
}

#[actix_web::test]
async fn a_renewal_keeps_what_another_node_has_changed() {
    for mode in [Mode::Cookie, Mode::Database] {
        let world = World::new();
        let site = world.site_with(|middleware| middleware.mode(mode)).await;
        let ann = site.log_in("ann").await;
        let row = world.row(&ann).unwrap();
        let elsewhere = State::from_value(&json!({"user_id": "ann", "elsewhere": 1})).unwrap();
        let changes = StateChanges::between(&row.state, &elsewhere);
        world.store.save(&row, &changes).await.unwrap().unwrap();
        let renewed = site.get("/renew", &ann).await.sealed().value;
        assert_eq!(state(&site, &renewed).await, r#"{"elsewhere":1,"user_id":"ann"}"#);
    }
}

#[actix_web::test]
async fn a_removal_is_not_lost() {
    let world = World::new();
    let site = world.site().await;
    let token = with_state(&world, json!({"user_id": "ann", "theme": "dark"}));
    let token = site.get("/remove/theme", &token).await.sealed().value;
    assert_eq!(state(&site, &token).await, r#"{"user_id":"ann"}"#);
    assert_eq!(world.row(&token).unwrap().state.to_json(), r#"{"user_id":"ann"}"#);
}

#[actix_web::test]
async fn a_cleared_state_is_empty_and_the_session_goes_on() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    let token = site.get("/clear", &ann).await.sealed().value;
    assert_eq!(state(&site, &token).await, "{}");
    assert_eq!(world.row(&token).unwrap().state.to_json(), "{}");
    assert_eq!(site.get("/current", &token).await.status, StatusCode::OK);
}

#[actix_web::test]
async fn a_change_that_changes_nothing_sends_nothing() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    world.store.calls();
    for path in ["/set/user_id/ann", "/remove/theme", "/increment/visits"] {
        site.get(path, &ann).await.assert_no_cookie();
    }
    assert_eq!(world.store.calls(), []);
}

#[actix_web::test]
async fn of_many_values_a_change_to_any_is_kept() {
    let world = World::new();
    let site = world.site().await;
    let many: serde_json::Map<_, _> = (10..40).map(|at| (format!("key{at}"), json!("0"))).collect();
    let token = with_state(&world, json!(many));
    for path in ["/untouched", "/set/key10/0", "/set/key39/0", "/remove/key40"] {
        site.get(path, &token).await.assert_no_cookie();
    }
    for (path, key, value) in [
        ("/set/key10/1", "key10", Some("1")),
        ("/set/key39/1", "key39", Some("1")),
        ("/set/key40/1", "key40", Some("1")),
        ("/remove/key25", "key25", None),
    ] {
        let changed = site.get(path, &token).await.sealed().value;
        let state = world.row(&changed).unwrap().state;
        assert_eq!(state.get::<String>(key).as_deref(), value, "{path}");
        assert_eq!(state.get::<String>("key20").as_deref(), Some("0"), "{path}");
    }
}

#[actix_web::test]
async fn what_the_middleware_does_not_understand_it_does_not_change() {
    let world = World::new();
    let site = world.site().await;
    let odd = r#"{ "user_id":"J\u00f6rg \ud83d\ude00" , "big":123456789012345678901234567890, "f":1.50, "deep":{"b":[ ],"a":null}, "":0, "a\"b":"\\" }"#;
    let mut claims = world.claims_with(&serde_json::from_str::<Box<RawValue>>(odd).unwrap());
    claims["state"] = json!("STATE");
    let token = world.seal(claims.to_string().replace("\"STATE\"", odd));
    site.get("/state", &token).await.assert_no_cookie();

    let token = site.get("/set/theme/dark", &token).await.sealed().value;
    assert_eq!(
        state(&site, &token).await,
        r#"{"":0,"a\"b":"\\","big":123456789012345678901234567890,"deep":{"b":[ ],"a":null},"f":1.50,"theme":"dark","user_id":"J\u00f6rg \ud83d\ude00"}"#
    );
}

#[actix_web::test]
async fn the_largest_state_that_fits_is_kept() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    let cookie = site.get(&format!("/fill/{}", largest(&site).await), &ann).await.sealed();
    assert_eq!(cookie.name.len() + cookie.value.len(), MAX_COOKIE_BYTES);
    assert_eq!(site.user(&cookie.value).await.as_deref(), Some("ann"));
}

#[actix_web::test]
async fn a_state_too_large_is_refused_by_its_size_and_nothing_has_changed() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    let too_large = format!("/fill/{}", largest(&site).await + 1);
    let before = world.row(&ann).unwrap();
    world.store.calls();

    let answer = site.get(&too_large, &ann).await;
    let error = answer.session_error();
    assert!(matches!(error, SessionError::TooLarge { size: 4097 }), "{error:?}");
    assert_eq!(
        error.to_string(),
        "the session's cookie would be 4097 bytes long; browsers keep at most 4096 (name and value)"
    );
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
    answer.assert_no_cookie();
    assert_eq!(answer.text().await, "", "the cause is for the log");

    let after = world.row(&ann).unwrap();
    assert_eq!(after.state.to_json(), before.state.to_json());
    assert_eq!(after.expires_at, before.expires_at);
    assert_eq!(world.store.calls(), []);
    assert_eq!(state(&site, &ann).await, r#"{"user_id":"ann"}"#);
}

#[actix_web::test]
async fn a_session_that_would_be_too_large_is_not_opened_and_the_old_one_stays() {
    let world = World::new();
    let site = world.site().await;
    let ann = site.log_in("ann").await;
    let rows = world.store.len();

    let bob = "b".repeat(4000);
    let answer = site.get(&format!("/login/{bob}"), &ann).await;
    assert!(matches!(answer.session_error(), SessionError::TooLarge { size: 4097.. }));
    answer.assert_no_cookie();
    assert_eq!(world.store.len(), rows);
    assert_eq!(site.user(&ann).await.as_deref(), Some("ann"));
    site.visit(&format!("/login/{bob}")).await.assert_no_cookie();
    assert_eq!(world.store.len(), rows);
}

#[actix_web::test]
async fn in_database_mode_a_state_may_be_larger_than_a_cookie() {
    let world = World::new();
    let site = world.site_with(|middleware| middleware.mode(Mode::Database)).await;
    let ann = site.log_in("ann").await;
    site.get("/fill/100000", &ann).await.assert_no_cookie();
    assert!(state(&site, &ann).await.len() > 100_000);
}

/// The most filling that the cookie of a session takes whose user's name has three letters.
async fn largest(site: &Site) -> usize {
    let bob = site.log_in("bob").await;
    let (mut fits, mut too_large) = (0, MAX_COOKIE_BYTES);
    while fits + 1 < too_large {
        let size = usize::midpoint(fits, too_large);
        match site.get(&format!("/fill/{size}"), &bob).await.status {
            StatusCode::OK => fits = size,
            _ => too_large = size,
        }
    }
    fits
}

#[actix_web::test]
async fn a_handler_that_answers_with_an_error_has_still_changed_the_session() {
    let world = World::new();
    let site = Site::wrapped(world.middleware().build().unwrap(), |routes| {
        handlers(routes, world.clock.clone());
        routes.route("/wrong-password", web::to(wrong_password));
    })
    .await;
    async fn wrong_password(session: Session) -> Result<HttpResponse, Error> {
        session.insert("failures", 1)?;
        Err(ErrorConflict("wrong password"))
    }

    let ann = site.log_in("ann").await;
    let answer = site.get("/wrong-password", &ann).await;
    assert_eq!(answer.status, StatusCode::CONFLICT);
    let token = answer.sealed().value;
    assert_eq!(answer.text().await, "wrong password");
    assert_eq!(state(&site, &token).await, r#"{"failures":1,"user_id":"ann"}"#);
    site.get("/wrong-password", "garbage").await.sealed();
}

#[actix_web::test]
async fn the_error_of_an_inner_middleware_stays_and_what_it_changed_is_kept() {
    let world = World::new();
    let site = Site::wrapped(world.middleware().build().unwrap(), |routes| {
        handlers(routes, world.clock.clone());
        routes.service(web::scope("/guarded").wrap(from_fn(refuse)));
    })
    .await;
    #[derive(Debug, thiserror::Error)]
    #[error("not for you")]
    struct Refused;
    impl ResponseError for Refused {
        fn status_code(&self) -> StatusCode {
            StatusCode::FORBIDDEN
        }
    }
    async fn refuse(
        request: ServiceRequest,
        _: Next<impl MessageBody>,
    ) -> Result<ServiceResponse, Error> {
        request.get_session().insert("refused", true)?;
        Err(Refused.into())
    }

    let ann = site.log_in("ann").await;
    let answer = site.get("/guarded/page", &ann).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(answer.error().as_error::<Refused>().is_some());
    answer.assert_no_cookie();
    assert_eq!(answer.text().await, "not for you");
    let next = site.get("/state", &ann).await;
    let token = next.sealed().value;
    assert_eq!(next.text().await, r#"{"refused":true,"user_id":"ann"}"#);
    site.get("/guarded/page", &token).await.assert_no_cookie();

    let opened = site.visit("/guarded/page").await;
    assert_eq!(opened.status, StatusCode::FORBIDDEN);
    opened.sealed(); // Only the cookie knows of this session.
    assert_eq!(opened.text().await, "not for you");
}

#[actix_web::test]
async fn a_crate_built_on_actix_session_finds_its_state_between_middleware_and_handler() {
    let world = World::new();
    let site = Site::wrapped(world.middleware().build().unwrap(), |routes| {
        let pages = web::scope("").wrap(from_fn(count_views));
        routes.service(pages.configure(|routes| handlers(routes, world.clock.clone())));
    })
    .await;
    /// As identity, flash-message and CSRF crates do: reads before the handler, writes after.
    async fn count_views<B: MessageBody>(
        request: ServiceRequest,
        next: Next<B>,
    ) -> Result<ServiceResponse<B>, Error> {
        let views = request.get_session().get::<u64>("views")?;
        let response = next.call(request).await?;
        let session = response.request().get_session();
        if session.contains_key("user_id") {
            session.insert("views", views.unwrap_or(0) + 1)?;
        }
        Ok(response)
    }

    site.visit("/untouched").await.assert_no_cookie();
    let mut token = site.log_in("ann").await;
    for views in 1..4 {
        let answer = site.get("/state", &token).await;
        token = answer.sealed().value;
        assert_eq!(answer.text().await, format!(r#"{{"user_id":"ann","views":{views}}}"#));
    }
    site.get("/purge", &token).await.assert_cleared();
    assert_eq!(site.user(&token).await, None);
}

#[actix_web::test]
async fn a_body_that_streams_is_not_held_back_and_what_was_set_before_it_is_kept() {
    let world = World::new();
    let polled = Rc::new(Cell::new(0));
    let counter = Rc::clone(&polled);
    let site = Site::wrapped(world.middleware().build().unwrap(), |routes| {
        handlers(routes, world.clock.clone());
        let stream = move |session: Session| {
            let polled = Rc::clone(&counter);
            async move {
                session.insert("streamed", true)?;
                Ok::<_, Error>(HttpResponse::Ok().body(Chunks { polled, session }))
            }
        };
        routes.route("/stream", web::to(stream));
    })
    .await;

    let ann = site.log_in("ann").await;
    let answer = site.get("/stream", &ann).await;
    assert_eq!(polled.get(), 0, "the head is ready before the first chunk is");
    let token = answer.sealed().value;
    assert_eq!(answer.text().await, "chunk 1, chunk 2, chunk 3, ");
    assert_eq!(
        state(&site, &token).await,
        r#"{"streamed":true,"user_id":"ann"}"#,
        "what the stream puts in comes too late"
    );
}

/// Three chunks, each of which touches the session.
struct Chunks {
    polled: Rc<Cell<u32>>,
    session: Session,
}

impl MessageBody for Chunks {
    type Error = Infallible;

    fn size(&self) -> BodySize {
        BodySize::Stream
    }

    fn poll_next(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, Infallible>>> {
        let chunk = self.polled.get() + 1;
        self.polled.set(chunk);
        self.session.insert("late", chunk).unwrap();
        Poll::Ready((chunk <= 3).then(|| Ok(format!("chunk {chunk}, ").into())))
    }
}

#[actix_web::test]
async fn a_session_of_an_app_without_log_in_begins_with_its_first_value() {
    let world = World::new();
    let site = world.site().await;
    let token = site.visit("/set/theme/dark").await.sealed().value;
    assert_eq!(world.store.calls(), [Call::Create]);
    assert_eq!(state(&site, &token).await, r#"{"theme":"dark"}"#);
}

async fn state(site: &Site, token: &str) -> String {
    site.get("/state", token).await.text().await
}

/// A token of a live session with this state.
fn with_state(world: &World, state: serde_json::Value) -> String {
    world.seal(world.claims_with(&state).to_string())
}
