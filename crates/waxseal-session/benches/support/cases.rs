//! The cases in which the session middleware is measured: around a handler that does nothing, by what
//! the request brings.
//!
//! Every case is to be read against a bare handler: `bare/visitor` for a request without a cookie,
//! `bare/session` for one with. actix-session's own middleware, with its cookie store and its default
//! settings, which encrypt, is there to compare.

#[path = "app.rs"]
mod app;
#[path = "listed_store.rs"]
mod listed_store;

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_http::Request;
use actix_session::{
    Session,
    config::{BrowserSession, PersistentSession, SessionLifecycle, TtlExtensionPolicy},
    storage::CookieSessionStore,
};
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
    Clock, ExpiryPolicy, Keyring, Mode, Revocation, RevocationList, Secret, SessionId,
    SessionMiddleware, SessionRecord, State, Timestamp, claims::Claims,
};

use listed_store::ListedStore;

/// Six values in 200 bytes, in the order in which the middleware writes what handlers have put into a session.
const STATE: &str = r#"{"back_to":"/notes/2231?page=2#end-of","csrf":"q1Zx0cJ8mVt5Lr3NwYb7KdEe2HsPfUgA9oTiXk4uBn6","locale":"en-GB","role":"member","seen":[3,17,42,108,2231],"user_id":"4bd1a6c0-83f5-4c39-9e0b-7d2f5a1c6e88"}"#;
const _: () = assert!(STATE.len() == 200);

/// How a case is measured.
pub trait Measure {
    /// Measures requests to this app with this cookie; without one where it is empty.
    fn measure<S, B>(&mut self, case: &str, runtime: &Runtime, app: &S, cookie: &str)
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

/// Measures every case, with this many revoked sessions.
pub fn each(measure: &mut impl Measure, revoked: usize) {
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    let mut cases = Cases { runtime: &runtime, measure };
    cases.of_waxseal(revoked);
    cases.of_actix_session();
}

struct Cases<'a, M> {
    runtime: &'a Runtime,
    measure: &'a mut M,
}

impl<M: Measure> Cases<'_, M> {
    fn of_waxseal(&mut self, revoked: usize) {
        // A session that began a minute ago, so that a refresh can move its expiry.
        let (secret, policy) = (Secret::generate(), ExpiryPolicy::default());
        let began = Clock::system().now() - Duration::from_secs(60);
        let state = State::from_json(STATE).unwrap();
        let session = SessionRecord::new(&policy, began, state);
        let list = RevocationList::default();
        (0..revoked).for_each(|_| {
            list.insert(Revocation {
                id: SessionId::random(),
                expires_at: Timestamp::MAX,
                replaced: None,
            })
        });
        let store = Arc::new(ListedStore { revoked: list, state: session.state.clone() });
        let middleware = || SessionMiddleware::builder(Arc::clone(&store), Keyring::new(&secret));
        let sealed = cookie(&secret, &session, Some(&session.state));
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

        let refreshing = middleware().refresh_threshold(policy.idle_timeout()).build().unwrap();
        let app = app::start(self.runtime, App::new().wrap(refreshing).configure(routes));
        self.case("waxseal/refresh", &app, &sealed, &REFRESHED);

        let database = middleware().mode(Mode::Database).build().unwrap();
        let app = app::start(self.runtime, App::new().wrap(database).configure(routes));
        self.case("waxseal/database_mode", &app, &without_state, &UNCHANGED);
    }

    fn of_actix_session(&mut self) {
        let resend = PersistentSession::default()
            .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest);
        for (name, lifecycle, expected) in [
            (
                "actix_session/session",
                SessionLifecycle::from(BrowserSession::default()),
                &UNCHANGED,
            ),
            ("actix_session/resent", SessionLifecycle::from(resend), &REFRESHED),
        ] {
            let store = CookieSessionStore::default();
            let theirs = actix_session::SessionMiddleware::builder(store, Key::generate());
            let theirs = theirs.session_lifecycle(lifecycle).build();
            let app = app::start(self.runtime, App::new().wrap(theirs).configure(routes));
            let log_in = TestRequest::post().uri("/login").to_request();
            let response = self.runtime.block_on(call_service(&app, log_in));
            let set_cookie = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
            let cookie = set_cookie.split(';').next().unwrap();
            self.case(name, &app, cookie, expected);
        }
    }

    fn case<S, B>(&mut self, name: &str, app: &S, cookie: &str, expected: &Outcome)
    where
        S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
    {
        let response = self.runtime.block_on(call_service(app, request("/peek", cookie)));
        let outcome = Outcome {
            session: response.status() == StatusCode::OK,
            cookie: response.headers().contains_key(SET_COOKIE),
        };
        assert_eq!(outcome, *expected, "{name}");
        self.measure.measure(name, self.runtime, app, cookie);
    }
}

fn cookie(secret: &Secret, session: &SessionRecord, state: Option<&State>) -> String {
    let claims = Claims {
        sid: session.id,
        auth_time: session.auth_time,
        iat: session.auth_time,
        exp: session.expires_at,
        own: None,
        state: state.cloned(),
    };
    let purpose = "session:__Host-waxseal";
    let token = Keyring::new(secret).seal(purpose, claims.to_json().as_bytes());
    format!("__Host-waxseal={token}")
}
