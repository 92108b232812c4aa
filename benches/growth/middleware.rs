//! Measurements within one process: the middleware around a handler that does nothing, without the
//! network.

use std::{
    cell::RefCell,
    fmt::Write,
    sync::Arc,
    time::{Duration, Instant},
};

use actix_http::Request;
use actix_session::{Session, storage::CookieSessionStore};
use actix_web::{
    App, HttpResponse,
    cookie::Key,
    dev::{Service, ServiceResponse},
    http::header::{COOKIE, SET_COOKIE},
    test::{TestRequest, call_service},
    web,
};
use serde_json::{Map, Value, json};
use tokio::runtime::{self, Runtime};
use waxseal_session::{
    ExpiryPolicy, Revocation, RevocationList, SessionId, SessionMiddleware,
    SessionMiddlewareBuilder, State, Timestamp,
};

use crate::{
    app::start,
    listed_store::ListedStore,
    median,
    table::{Column, Table},
    token,
};

const COOKIE_NAME: &str = "__Host-waxseal";
/// How long each point is measured.
const TIME: Duration = Duration::from_millis(700);
/// Requests per timing. They are built before it starts.
const TOGETHER: usize = 64;

/// The time of a request in microseconds: the median of many batches.
fn time<S, B>(runtime: &Runtime, app: &S, mut request: impl FnMut() -> Request) -> f64
where
    S: Service<Request, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    let mut times = Vec::new();
    let begun = Instant::now();
    while begun.elapsed() < TIME {
        let requests: Vec<Request> = (0..TOGETHER).map(|_| request()).collect();
        times.push(runtime.block_on(async {
            let started = Instant::now();
            for request in requests {
                call_service(app, request).await;
            }
            started.elapsed().as_secs_f64() * 1e6 / TOGETHER as f64
        }));
    }
    median(times)
}

fn request(cookies: &str) -> Request {
    TestRequest::get().insert_header((COOKIE, cookies)).to_request()
}

thread_local! {
    /// What the log-in of actix-session's app puts into the session.
    static TO_KEEP: RefCell<Value> = const { RefCell::new(Value::Null) };
}

fn routes(app: &mut web::ServiceConfig) {
    let keep = async |session: Session| {
        let Value::Object(state) = TO_KEEP.take() else { panic!("a state is an object") };
        for (key, value) in state {
            session.insert(key, value).unwrap();
        }
        HttpResponse::Ok().finish()
    };
    app.route("/", web::get().to(async || HttpResponse::Ok().finish()))
        .route("/", web::post().to(keep));
}

type Builder = SessionMiddlewareBuilder<Arc<ListedStore>>;

/// The apps that are compared, and what a request takes of each.
struct Apps {
    runtime: Runtime,
    store: Arc<ListedStore>,
    key: Key,
}

impl Apps {
    fn new(list: RevocationList) -> Self {
        let runtime = runtime::Builder::new_current_thread().build().unwrap();
        Self {
            runtime,
            store: Arc::new(ListedStore { revoked: list, state: State::default() }),
            key: Key::generate(),
        }
    }

    fn bare(&self, cookies: &str) -> f64 {
        let app = start(&self.runtime, App::new().configure(routes));
        time(&self.runtime, &app, || request(cookies))
    }

    /// Each request with the next of these cookies.
    fn waxseal(&self, cookies: &[String]) -> f64 {
        self.waxseal_with(cookies, |middleware| middleware)
    }

    fn waxseal_with(&self, cookies: &[String], set_up: fn(Builder) -> Builder) -> f64 {
        let middleware = SessionMiddleware::builder(Arc::clone(&self.store), token::keyring());
        let middleware = set_up(middleware).build().unwrap();
        let app = start(&self.runtime, App::new().wrap(middleware).configure(routes));
        let mut turn = cookies.iter().cycle();
        time(&self.runtime, &app, || request(turn.next().unwrap()))
    }

    fn actix_session(&self, others: &str, state: &Value) -> f64 {
        let theirs =
            actix_session::SessionMiddleware::new(CookieSessionStore::default(), self.key.clone());
        let app = start(&self.runtime, App::new().wrap(theirs).configure(routes));
        TO_KEEP.set(state.clone());
        let kept = TestRequest::post().to_request();
        let response = self.runtime.block_on(call_service(&app, kept));
        let set_cookie = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
        let cookie = set_cookie.split(';').next().unwrap();
        time(&self.runtime, &app, || request(&format!("{others}{cookie}")))
    }
}

fn state_of(state: &Value) -> Option<State> {
    Some(State::from_value(state).unwrap())
}

pub fn by_size_of_state() -> Vec<Table> {
    let apps = Apps::new(RevocationList::default());
    let cookie = |state: &Value| token::cookie(COOKIE_NAME, SessionId::random(), state_of(state));
    let measure = |state: fn(usize) -> Value, what: &dyn Fn(&Value) -> f64| {
        let sizes = [50, 200, 500, 1000, 1500, 2000, 2500, 2800].into_iter();
        sizes.map(|size| (size as f64, what(&state(size)))).collect::<Vec<_>>()
    };
    let bare = apps.bare("");
    let sealed = |state: &Value| apps.waxseal(&[cookie(state)]) - bare;
    let refreshed = |state: &Value| {
        let every_time =
            |middleware: Builder| middleware.refresh_threshold(ExpiryPolicy::DEFAULT_IDLE_TIMEOUT);
        apps.waxseal_with(&[cookie(state)], every_time) - bare
    };
    let theirs = |state: &Value| apps.actix_session("", state) - bare;
    vec![Table {
        title: "A request, by the size of its session's state",
        measured: "Microseconds added to a request without sessions",
        grows: "bytes of state",
        columns: vec![
            Column::new("waxseal, one long value", measure(one_value, &sealed)),
            Column::new("… refreshed each time", measure(one_value, &refreshed)),
            Column::new("… values of 20 bytes", measure(small_values, &sealed)),
            Column::new("actix-session, one value", measure(one_value, &theirs)),
            Column::new("… values of 20 bytes", measure(small_values, &theirs)),
        ],
    }]
}

/// A state of so many bytes: one value has nearly all of them.
fn one_value(bytes: usize) -> Value {
    json!({ "user_id": "42", "note": "x".repeat(bytes - r#"{"user_id":"42","note":""}"#.len()) })
}

/// A state of so many bytes, in values of 20 with their keys.
fn small_values(bytes: usize) -> Value {
    let value = |at| (format!("key-{at:03}"), json!("x".repeat(8)));
    Value::Object((0..bytes / 20).map(value).collect::<Map<_, _>>())
}

pub fn by_cookies() -> Vec<Table> {
    let apps = Apps::new(RevocationList::default());
    let state = one_value(200);
    let ours = token::cookie(COOKIE_NAME, SessionId::random(), state_of(&state));
    let mut columns = [Column::new("waxseal", []), Column::new("actix-session", [])];
    for others in [0, 1, 2, 5, 10, 20, 40] {
        let mut before = String::new();
        for at in 0..others {
            write!(before, "_ga_{at:02}=GS1.1.17198{at:02}.42.0; ").unwrap();
        }
        let bare = apps.bare(&format!("{before}{ours}"));
        let waxseal = apps.waxseal(&[format!("{before}{ours}")]);
        columns[0].points.push((f64::from(others), waxseal - bare));
        columns[1].points.push((f64::from(others), apps.actix_session(&before, &state) - bare));
    }
    vec![Table {
        title: "A request, by the number of other cookies",
        measured: "Microseconds added to a request without sessions; 200 bytes of state",
        grows: "other cookies of 28 bytes",
        columns: columns.into(),
    }]
}

pub fn by_revoked_sessions() -> Vec<Table> {
    // As many as are active at once on a busy node: each looks up another place of the list.
    let state = one_value(200);
    let cookies: Vec<String> = (0..10_000)
        .map(|_| token::cookie(COOKIE_NAME, SessionId::random(), state_of(&state)))
        .collect();
    let mut points = Vec::new();
    for revoked in [1_000, 10_000, 100_000, 1_000_000, 10_000_000] {
        let list = RevocationList::default();
        for _ in 0..revoked {
            let (id, expires_at) = (SessionId::random(), Timestamp::MAX);
            list.insert(Revocation { id, expires_at, replaced: None });
        }
        let apps = Apps::new(list);
        points.push((f64::from(revoked), apps.waxseal(&cookies) - apps.bare("")));
    }
    vec![Table {
        title: "A request, by the number of revoked sessions",
        measured: "Microseconds added to a request without sessions; 200 bytes of state",
        grows: "revoked sessions on the list",
        columns: vec![Column::new("waxseal", points)],
    }]
}
