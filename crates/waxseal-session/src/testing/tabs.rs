//! Many requests of one browser at once, through the middleware.

use std::{future::Future, pin::Pin, rc::Rc};

use actix_session::Session;
use actix_web::{
    App, Error, HttpResponse,
    cookie::Cookie,
    test::{TestRequest, call_service, init_service, read_body},
    web::{self, Path},
};
use tokio::task::yield_now;
use waxseal_seal::Secret;

use super::join_all;
use crate::{
    clock::Clock, error::SessionError, middleware::SessionMiddleware, mode::Mode, state::State,
    store::SessionStore,
};

/// Checks a store with many requests of one browser at once: no key is lost, no counter is reset by an
/// old cookie, no session is revived. The store goes by `clock`, as for
/// [`acceptance_suite`](super::acceptance_suite).
///
/// A store without records is only held to the last: of changes at once, the cookie that arrives last wins.
///
/// # Errors
///
/// When the store fails.
///
/// # Panics
///
/// When something is lost or revived.
pub async fn many_tabs_suite<S: SessionStore + Clone>(
    store: &S,
    clock: &Clock,
) -> Result<(), SessionError> {
    let modes = if store.keeps_records() { &[Mode::Cookie, Mode::Database][..] } else { &[] };
    let secret = Secret::generate();
    for mode in modes {
        let tabs = Tabs::open(store, clock, &secret, *mode).await?;
        tabs.of_a_hundred_writes_none_is_lost().await;
        let tabs = Tabs::open(store, clock, &secret, *mode).await?;
        tabs.an_old_cookie_resets_no_counter().await;
    }
    let tabs = Tabs::open(store, clock, &secret, Mode::Cookie).await?;
    tabs.no_write_revives_what_was_logged_out().await;
    Ok(())
}

/// A browser that is logged in, with many tabs.
struct Tabs {
    call: Box<dyn Fn(TestRequest) -> PendingAnswer>,
    cookie: Cookie<'static>,
}

type PendingAnswer = Pin<Box<dyn Future<Output = Answer>>>;

struct Answer {
    /// The session's cookie, if the response has one.
    cookie: Option<Cookie<'static>>,
    state: State,
}

/// How many requests there are at once.
const TABS: usize = 100;

impl Tabs {
    async fn open<S: SessionStore + Clone>(
        store: &S,
        clock: &Clock,
        secret: &Secret,
        mode: Mode,
    ) -> Result<Self, SessionError> {
        let middleware =
            SessionMiddleware::builder(store.clone(), secret).clock(clock.clone()).mode(mode);
        let middleware = middleware.build()?;
        let cookie = middleware.cookie_for(State::from_json(r#"{"user_id":"ann"}"#)?).await?;
        let app = App::new()
            .wrap(middleware)
            .route("/set/{key}", web::to(set))
            .route("/count", web::to(count))
            .route("/state", web::to(state))
            .route("/logout", web::to(log_out));
        let app = Rc::new(init_service(app).await);
        let call = move |request: TestRequest| -> PendingAnswer {
            let app = Rc::clone(&app);
            Box::pin(async move {
                let response = call_service(&*app, request.to_request()).await;
                assert!(response.status().is_success(), "{}", response.status());
                let cookie = response.response().cookies().next().map(Cookie::into_owned);
                let body = read_body(response).await;
                let state = State::from_json(&String::from_utf8_lossy(&body));
                Answer { cookie, state: state.unwrap_or_default() }
            })
        };
        Ok(Self { call: Box::new(call), cookie })
    }

    fn get(&self, path: &str, cookie: &Cookie<'static>) -> PendingAnswer {
        (self.call)(TestRequest::with_uri(path).cookie(cookie.clone()))
    }

    async fn of_a_hundred_writes_none_is_lost(self) {
        let writes = (0..TABS).map(|key| self.get(&format!("/set/key{key}"), &self.cookie));
        let answers = join_all(writes.collect()).await;
        // Whichever answer arrives last.
        for cookie in [answers.first(), answers.last()].into_iter().flatten() {
            let cookie = cookie.cookie.as_ref().unwrap_or(&self.cookie);
            let state = self.get("/state", cookie).await.state;
            for key in 0..TABS {
                assert_eq!(state.get(&format!("key{key}")), Some(true), "key{key} was lost");
            }
        }
    }

    async fn an_old_cookie_resets_no_counter(self) {
        for count in 1..=5 {
            let answer = self.get("/count", &self.cookie).await;
            assert_eq!(answer.state.get("count"), Some(count), "counted with the same old cookie");
        }
    }

    async fn no_write_revives_what_was_logged_out(self) {
        let mut requests: Vec<_> =
            (0..TABS / 2).map(|key| self.get(&format!("/set/key{key}"), &self.cookie)).collect();
        requests.push(self.get("/logout", &self.cookie));
        requests.extend((0..TABS / 2).map(|_| self.get("/count", &self.cookie)));
        let answers = join_all(requests).await;
        let cookies = answers.into_iter().filter_map(|answer| answer.cookie);
        for cookie in
            cookies.filter(|cookie| !cookie.value().is_empty()).chain([self.cookie.clone()])
        {
            let state = self.get("/state", &cookie).await.state;
            assert_eq!(state.get::<String>(State::USER_ID), None, "revived");
        }
    }
}

async fn set(session: Session, key: Path<String>) -> Result<HttpResponse, Error> {
    // Lets the other requests in between reading and writing.
    yield_now().await;
    session.insert(key.into_inner(), true)?;
    Ok(state(session).await)
}

async fn count(session: Session) -> Result<HttpResponse, Error> {
    let count = session.get::<u64>("count")?.unwrap_or(0);
    session.insert("count", count + 1)?;
    Ok(state(session).await)
}

async fn log_out(session: Session) -> HttpResponse {
    yield_now().await;
    session.purge();
    HttpResponse::Ok().finish()
}

async fn state(session: Session) -> HttpResponse {
    HttpResponse::Ok().body(State::from_session(&session).to_json().to_owned())
}
