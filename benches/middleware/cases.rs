//! The cases in which the session middleware is measured: around a handler that does nothing, by what
//! the request brings.
//!
//! Every case is to be read against a bare handler: `bare/visitor` for a request without a cookie,
//! `bare/session` for one with. actix-session's own middleware, with its cookie store and its default
//! settings, which encrypt, is there to compare.

use std::{
    collections::HashMap,
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_http::Request;
use actix_session::{
    Session,
    config::{BrowserSession, PersistentSession, SessionLifecycle, TtlExtensionPolicy},
    storage::CookieSessionStore,
};
use actix_web::{
    App, Error, HttpResponse,
    body::MessageBody,
    cookie::Key,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{COOKIE, SET_COOKIE},
    },
    test::{TestRequest, call_service, init_service},
    web,
};
use serde::{Deserialize, Serialize};
use tokio::runtime::Runtime;
use waxseal_session::{
    Clock, ExpiryPolicy, Keyring, Mode, Revocation, RevocationList, Secret, SessionId,
    SessionMiddleware, SessionMiddlewareBuilder, SessionRecord, State, Timestamp, TypedSession,
    claims::Claims,
};

use crate::listed_store::ListedStore;

type Builder = SessionMiddlewareBuilder<Arc<ListedStore>>;

/// Six values in 200 bytes, in the order in which the middleware writes what handlers have put into a session.
const STATE: &str = r#"{"back_to":"/notes/2231?page=2#end-of","csrf":"q1Zx0cJ8mVt5Lr3NwYb7KdEe2HsPfUgA9oTiXk4uBn6","locale":"en-GB","role":"member","seen":[3,17,42,108,2231],"user_id":"4bd1a6c0-83f5-4c39-9e0b-7d2f5a1c6e88"}"#;
const _: () = assert!(STATE.len() == 200);

/// A case, ready to be measured.
pub struct Case {
    pub name: &'static str,
    /// Serves so many requests; returns the nanoseconds that one took.
    pub run: Box<Run>,
}

pub type Run = dyn Fn(&Runtime, u32) -> f64;

/// Requests that are built before they are timed: few enough to stay in the processor's cache.
const BATCH: u32 = 50;

fn request(path: &str, cookie: &str) -> Request {
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

/// The state as a type.
#[derive(Default, Serialize, Deserialize)]
struct Typed {
    back_to: String,
    csrf: String,
    locale: String,
    role: String,
    seen: Vec<u32>,
    user_id: String,
}

/// 200 with a state in the session, 204 without.
async fn typed(session: TypedSession<Typed>) -> HttpResponse {
    match session.get() {
        Ok(Some(_)) => HttpResponse::Ok().finish(),
        _ => HttpResponse::NoContent().finish(),
    }
}

fn routes(app: &mut web::ServiceConfig) {
    app.route("/", web::get().to(empty))
        .route("/typed", web::get().to(typed))
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

/// Every case, with this many revoked sessions.
pub fn all(runtime: &Runtime, revoked: usize) -> Vec<Case> {
    let mut cases = Cases { runtime, list: Vec::new() };
    cases.of_waxseal(revoked);
    cases.of_actix_session();
    cases.list
}

struct Cases<'a> {
    runtime: &'a Runtime,
    list: Vec<Case>,
}

impl Cases<'_> {
    fn of_waxseal(&mut self, revoked: usize) {
        // A session that began a minute ago, so that a refresh can move its expiry.
        let (secret, policy) = (Secret::generate(), ExpiryPolicy::default());
        let began = Clock::system().now() - Duration::from_secs(60);
        let state = State::from_json(STATE).unwrap();
        let session = SessionRecord::new(&policy, began, state);
        let list = RevocationList::default();
        (0..revoked).for_each(|_| {
            let id = SessionId::random();
            list.insert(Revocation { id, expires_at: Timestamp::MAX, replaced: None });
        });
        let store = Arc::new(ListedStore { revoked: list, state: session.state.clone() });
        let middleware = || SessionMiddleware::builder(Arc::clone(&store), &secret);
        let sealed = cookie(&secret, &session, Some(&session.state));
        let among_five = format!(
            "theme=dark; _ga=GA1.1.1286410.1719842; lang=en-GB; {sealed}; consent=yes; ab=17-b"
        );
        let without_state = cookie(&secret, &session, None);
        let always = policy.idle_timeout();

        let bare = || App::new().configure(routes);
        self.case("bare/visitor", bare(), ["/", "/peek"], "", &VISITOR);
        self.case("bare/session", bare(), ["/", "/peek"], &sealed, &VISITOR);

        let wrapped =
            |builder: Builder| App::new().wrap(builder.build().unwrap()).configure(routes);
        let app = || wrapped(middleware());
        self.case("waxseal/visitor", app(), ["/", "/peek"], "", &VISITOR);
        self.case("waxseal/session", app(), ["/", "/peek"], &sealed, &UNCHANGED);
        self.case(
            "waxseal/session_among_five_cookies",
            app(),
            ["/", "/peek"],
            &among_five,
            &UNCHANGED,
        );
        let app = wrapped(middleware().refresh_threshold(always));
        self.case("waxseal/refresh", app, ["/", "/peek"], &sealed, &REFRESHED);
        let app = wrapped(middleware().mode(Mode::Database));
        self.case("waxseal/database_mode", app, ["/", "/peek"], &without_state, &UNCHANGED);

        let typed = || middleware().actix_session(false);
        self.case("waxseal/typed", wrapped(typed()), ["/", "/typed"], &sealed, &UNCHANGED);
        self.case(
            "waxseal/typed_read",
            wrapped(typed()),
            ["/typed", "/typed"],
            &sealed,
            &UNCHANGED,
        );
        let app = wrapped(typed().refresh_threshold(always));
        self.case("waxseal/typed_refresh", app, ["/", "/typed"], &sealed, &REFRESHED);
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
            let key = Key::generate();
            let app = || {
                let store = CookieSessionStore::default();
                let theirs = actix_session::SessionMiddleware::builder(store, key.clone());
                App::new()
                    .wrap(theirs.session_lifecycle(lifecycle.clone()).build())
                    .configure(routes)
            };
            let log_in = TestRequest::post().uri("/login").to_request();
            let response = self
                .runtime
                .block_on(async { call_service(&init_service(app()).await, log_in).await });
            let set_cookie = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
            let cookie = set_cookie.split(';').next().unwrap();
            self.case(name, app(), ["/", "/peek"], cookie, expected);
        }
    }

    /// `paths`: the one that is measured, and the one that shows that the case is what it says.
    fn case<T, B>(
        &mut self,
        name: &'static str,
        app: App<T>,
        [measured, shown]: [&'static str; 2],
        cookie: &str,
        expected: &Outcome,
    ) where
        T: ServiceFactory<
                ServiceRequest,
                Config = (),
                Response = ServiceResponse<B>,
                Error = Error,
                InitError = (),
            > + 'static,
        B: MessageBody + 'static,
    {
        let app = self.runtime.block_on(init_service(app));
        let response = self.runtime.block_on(call_service(&app, request(shown, cookie)));
        let outcome = Outcome {
            session: response.status() == StatusCode::OK,
            cookie: response.headers().contains_key(SET_COOKIE),
        };
        assert_eq!(outcome, *expected, "{name}");
        let cookie = cookie.to_owned();
        #[expect(clippy::disallowed_methods, reason = "this measures real time")]
        let run = Box::new(move |runtime: &Runtime, requests: u32| {
            let mut time = Duration::ZERO;
            for _ in 0..requests / BATCH {
                let batch: Vec<Request> = (0..BATCH).map(|_| request(measured, &cookie)).collect();
                let started = Instant::now();
                runtime.block_on(async {
                    for request in batch {
                        black_box(call_service(&app, request).await.status());
                    }
                });
                time += started.elapsed();
            }
            time.as_nanos() as f64 / f64::from(requests)
        });
        self.list.push(Case { name, run });
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
