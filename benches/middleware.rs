//! What the session middleware adds to a request, around a handler that does nothing: from the
//! routing of a parsed request to the dropped response. It leaves out the network, the parsing of
//! HTTP, a database (the registry is in memory) and handlers that use the session. Every case is
//! to be read against a bare handler: `bare/visitor` for a request without a cookie,
//! `bare/session` for one with. actix-session's own middleware, with its cookie store and its
//! default settings, which encrypt, is there to compare. Run with `cargo bench --bench middleware`.

#![allow(missing_docs, clippy::unwrap_used)]

use std::{collections::HashMap, sync::Arc, time::Duration};

use actix_session::{Session, storage::CookieSessionStore};
use actix_web::{
    App, HttpResponse,
    cookie::Key,
    dev::{Service, ServiceResponse},
    http::{
        StatusCode,
        header::{COOKIE, SET_COOKIE},
    },
    test::{TestRequest, call_service, init_service},
    web,
};
use criterion::{
    BatchSize, BenchmarkGroup, Criterion, criterion_group, criterion_main, measurement::WallTime,
};
use tokio::runtime::{self, Runtime};
use waxseal::{
    clock::Clock,
    seal::{Keyring, Secret},
    session::{
        Lifetimes, MemoryRegistry, Mode, Registry, SessionLayer, SessionRecord, State,
        envelope::Claims,
    },
};

/// Six values in 200 bytes.
const STATE: &str = r#"{"user_id":"4bd1a6c0-83f5-4c39-9e0b-7d2f5a1c6e88","role":"member","locale":"en-GB","csrf":"q1Zx0cJ8mVt5Lr3NwYb7KdEe2HsPfUgA9oTiXk4uBn6","seen":[3,17,42,108,2231],"back_to":"/notes/2231?page=2#end-of"}"#;
const _: () = assert!(STATE.len() == 200);

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

struct Bench<'a, R> {
    group: BenchmarkGroup<'a, WallTime>,
    runtime: &'a Runtime,
    to_request: fn(TestRequest) -> R,
}

impl<R> Bench<'_, R> {
    fn run<S, B>(&mut self, name: &str, app: &S, cookie: &str, expected: &Outcome)
    where
        S: Service<R, Response = ServiceResponse<B>, Error = actix_web::Error>,
    {
        let request = |path| {
            let request = TestRequest::get().uri(path);
            (self.to_request)(match cookie {
                "" => request,
                _ => request.insert_header((COOKIE, cookie)),
            })
        };
        let response = self.runtime.block_on(call_service(app, request("/peek")));
        let outcome = Outcome {
            session: response.status() == StatusCode::OK,
            cookie: response.headers().contains_key(SET_COOKIE),
        };
        assert_eq!(outcome, *expected, "{name}");

        // Requests are built outside of the timed part, a few at a time, so that they are still in
        // the processor's cache and Actix's pools suffice. Dropping request and response is timed.
        self.group.bench_function(name, |b| {
            b.to_async(self.runtime).iter_batched(
                || request("/"),
                async |request| call_service(app, request).await.status(),
                BatchSize::NumIterations(64),
            );
        });
    }
}

fn our_cookie(secret: &Secret, session: &SessionRecord, state: Option<&State>) -> String {
    let claims = Claims {
        sid: session.id,
        auth_time: session.auth_time,
        iat: session.auth_time,
        exp: session.expires_at,
        state: state.cloned(),
    };
    let purpose = "session:__Host-session";
    let token = Keyring::new(secret).seal(purpose, claims.to_json().as_bytes());
    format!("__Host-session={token}")
}

/// The cookie that a response sets, as a browser sends it back.
fn cookie_of<B>(response: &ServiceResponse<B>) -> String {
    let set_cookie = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
    set_cookie.split(';').next().unwrap().to_owned()
}

fn middleware(c: &mut Criterion) {
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    let mut bench = Bench {
        group: c.benchmark_group("middleware"),
        runtime: &runtime,
        to_request: TestRequest::to_request,
    };

    // A session that began a minute ago, so that a refresh can move its expiry.
    let (secret, lifetimes) = (Secret::generate(), Lifetimes::default());
    let began = Clock::system().now() - Duration::from_secs(60);
    let state = State::from_json(STATE.to_owned()).unwrap();
    let session = SessionRecord::open(&lifetimes, began, state);
    let registry = Arc::new(MemoryRegistry::new(Clock::system()));
    runtime.block_on(registry.open(&session, None)).unwrap();
    let layer = || SessionLayer::builder(Keyring::new(&secret), Arc::clone(&registry));
    let sealed = our_cookie(&secret, &session, Some(&session.state));

    let visitor = Outcome { session: false, cookie: false };
    let unchanged = Outcome { session: true, cookie: false };
    let refreshed = Outcome { session: true, cookie: true };

    let app = App::new().configure(routes);
    let app = runtime.block_on(init_service(app));
    bench.run("bare/visitor", &app, "", &visitor);
    bench.run("bare/session", &app, &sealed, &visitor);

    let app = App::new().wrap(layer().build().unwrap()).configure(routes);
    let app = runtime.block_on(init_service(app));
    let among_five = format!(
        "theme=dark; _ga=GA1.1.1286410.1719842; lang=en-GB; {sealed}; consent=yes; ab=17-b"
    );
    bench.run("waxseal/visitor", &app, "", &visitor);
    bench.run("waxseal/session", &app, &sealed, &unchanged);
    bench.run("waxseal/session_among_five_cookies", &app, &among_five, &unchanged);

    let refreshing = layer().refresh_below(lifetimes.idle_timeout()).build().unwrap();
    let app = App::new().wrap(refreshing).configure(routes);
    let app = runtime.block_on(init_service(app));
    bench.run("waxseal/refresh", &app, &sealed, &refreshed);

    let database = layer().mode(Mode::Database).build().unwrap();
    let app = App::new().wrap(database).configure(routes);
    let app = runtime.block_on(init_service(app));
    let without_state = our_cookie(&secret, &session, None);
    bench.run("waxseal/database_mode", &app, &without_state, &unchanged);

    let theirs =
        actix_session::SessionMiddleware::new(CookieSessionStore::default(), Key::generate());
    let app = App::new().wrap(theirs).configure(routes);
    let app = runtime.block_on(init_service(app));
    let request = TestRequest::post().uri("/login").to_request();
    let response = runtime.block_on(call_service(&app, request));
    bench.run("actix_session/session", &app, &cookie_of(&response), &unchanged);
}

criterion_group! {
    name = benches;
    config = Criterion::default()
        .warm_up_time(Duration::from_secs(1))
        .measurement_time(Duration::from_secs(4));
    targets = middleware
}
criterion_main!(benches);
