//! The cases in which the session middleware is measured: what stands around a handler that does
//! nothing, and what the request brings.
//!
//! Every case is to be read against a bare handler: `bare/visitor` for a request without a cookie,
//! `bare/session` for one with. actix-session's own middleware, with its cookie store and its default
//! settings, which encrypt, is there to compare.

#[path = "app.rs"]
mod app;

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_http::Request;
use actix_session::{Session, storage::CookieSessionStore};
use actix_web::{
    App, HttpResponse,
    cookie::Key,
    dev::{Service, ServiceResponse},
    http::{
        StatusCode,
        header::{COOKIE, SET_COOKIE},
    },
    test::{TestRequest, call_service},
    web,
};
use tokio::runtime::{self, Runtime};
use waxseal_session::{
    Clock, ExpiryPolicy, Keyring, MemoryStore, Mode, Secret, SessionMiddleware, SessionRecord,
    SessionStore as _, State, claims::Claims,
};

/// Six values in 200 bytes, in the order in which the middleware writes what handlers have put into a session.
const STATE: &str = r#"{"back_to":"/notes/2231?page=2#end-of","csrf":"q1Zx0cJ8mVt5Lr3NwYb7KdEe2HsPfUgA9oTiXk4uBn6","locale":"en-GB","role":"member","seen":[3,17,42,108,2231],"user_id":"4bd1a6c0-83f5-4c39-9e0b-7d2f5a1c6e88"}"#;
const _: () = assert!(STATE.len() == 200);

/// How a case is measured.
pub trait Measure {
    /// Measures requests to this app, which come with one of these cookies after the other; without
    /// any where it is empty.
    fn measure<S, B>(&mut self, case: &str, runtime: &Runtime, app: &S, cookies: &[String])
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>;
}

/// A request to the handler that does nothing.
pub fn request(path: &str, cookie: &str) -> Request {
    let request = TestRequest::get().uri(path);
    match cookie {
        "" => request,
        _ => request.insert_header((COOKIE, cookie)),
    }
    .to_request()
}

async fn empty() -> HttpResponse {
    HttpResponse::Ok().finish()
}

/// 200 with a state in the session, 204 without.
async fn peek(session: Session) -> HttpResponse {
    match session.entries().is_empty() {
        false => HttpResponse::Ok().finish(),
        true => HttpResponse::NoContent().finish(),
    }
}

async fn log_in(session: Session) -> HttpResponse {
    let state: HashMap<&str, serde_json::Value> = serde_json::from_str(STATE).unwrap();
    for (key, value) in state {
        session.insert(key, value).unwrap();
    }
    HttpResponse::Ok().finish()
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/", web::get().to(empty))
        .route("/peek", web::get().to(peek))
        .route("/login", web::post().to(log_in));
}

/// What tells whether a case is the one it says it is.
#[derive(Debug, PartialEq)]
struct Outcome {
    /// The handler found a state.
    session: bool,
    /// The response has a cookie.
    cookie: bool,
}

const VISITOR: Outcome = Outcome { session: false, cookie: false };
const UNCHANGED: Outcome = Outcome { session: true, cookie: false };
const REFRESHED: Outcome = Outcome { session: true, cookie: true };

/// Measures every case.
pub fn each(measure: &mut impl Measure) {
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    let mut cases = Cases { runtime: &runtime, measure };
    cases.of_waxseal();
    cases.of_actix_session();
}

struct Cases<'a, M> {
    runtime: &'a Runtime,
    measure: &'a mut M,
}

impl<M: Measure> Cases<'_, M> {
    fn of_waxseal(&mut self) {
        // A session that began a minute ago, so that a refresh can move its expiry.
        let (secret, policy) = (Secret::generate(), ExpiryPolicy::default());
        let began = Clock::system().now() - Duration::from_secs(60);
        let state = State::from_json(STATE).unwrap();
        let session = SessionRecord::new(&policy, began, state);
        let store = Arc::new(MemoryStore::new());
        self.runtime.block_on(store.create(&session, None)).unwrap();
        let middleware = || SessionMiddleware::builder(Arc::clone(&store), Keyring::new(&secret));
        let sealed = cookie(&secret, &session, Some(&session.state));
        // Four times what a middleware with the least room keeps: none is there when it comes again.
        let many: Vec<String> =
            (0..256).map(|_| cookie(&secret, &session, Some(&session.state))).collect();
        let among_five = format!(
            "theme=dark; _ga=GA1.1.1286410.1719842; lang=en-GB; {sealed}; consent=yes; ab=17-b"
        );
        let without_state = cookie(&secret, &session, None);

        let app = app::start(self.runtime, App::new().configure(routes));
        self.case("bare/visitor", &app, "", &VISITOR);
        self.case("bare/session", &app, &sealed, &VISITOR);

        let app = app::start(
            self.runtime,
            App::new().wrap(middleware().build().unwrap()).configure(routes),
        );
        self.case("waxseal/visitor", &app, "", &VISITOR);
        self.case("waxseal/session", &app, &sealed, &UNCHANGED);
        self.case("waxseal/session_among_five_cookies", &app, &among_five, &UNCHANGED);

        let forgetful = middleware().recent_tokens(1).build().unwrap();
        let app = app::start(self.runtime, App::new().wrap(forgetful).configure(routes));
        self.cases("waxseal/session_new_token", &app, &many, &UNCHANGED);

        let refreshing = middleware().refresh_threshold(policy.idle_timeout()).build().unwrap();
        let app = app::start(self.runtime, App::new().wrap(refreshing).configure(routes));
        self.case("waxseal/refresh", &app, &sealed, &REFRESHED);

        let database = middleware().mode(Mode::Database).build().unwrap();
        let app = app::start(self.runtime, App::new().wrap(database).configure(routes));
        self.case("waxseal/database_mode", &app, &without_state, &UNCHANGED);
    }

    fn of_actix_session(&mut self) {
        let theirs =
            actix_session::SessionMiddleware::new(CookieSessionStore::default(), Key::generate());
        let app = app::start(self.runtime, App::new().wrap(theirs).configure(routes));
        let log_in = TestRequest::post().uri("/login").to_request();
        let response = self.runtime.block_on(call_service(&app, log_in));
        let set_cookie = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
        let cookie = set_cookie.split(';').next().unwrap();
        self.case("actix_session/session", &app, cookie, &UNCHANGED);
    }

    fn case<S, B>(&mut self, name: &str, app: &S, cookie: &str, expected: &Outcome)
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    {
        self.cases(name, app, &[cookie.to_owned()], expected);
    }

    fn cases<S, B>(&mut self, name: &str, app: &S, cookies: &[String], expected: &Outcome)
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    {
        for cookie in cookies {
            let response = self.runtime.block_on(call_service(app, request("/peek", cookie)));
            let outcome = Outcome {
                session: response.status() == StatusCode::OK,
                cookie: response.headers().contains_key(SET_COOKIE),
            };
            assert_eq!(outcome, *expected, "{name}");
        }
        self.measure.measure(name, self.runtime, app, cookies);
    }
}

fn cookie(secret: &Secret, session: &SessionRecord, state: Option<&State>) -> String {
    let claims = Claims {
        sid: session.id,
        auth_time: session.auth_time,
        iat: session.auth_time,
        exp: session.expires_at,
        state: state.cloned(),
    };
    let purpose = "session:__Host-waxseal";
    let token = Keyring::new(secret).seal(purpose, claims.to_json().as_bytes());
    format!("__Host-waxseal={token}")
}
