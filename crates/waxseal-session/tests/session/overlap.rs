//! Two requests of one browser at once, in every order in which a server can see them: who logged in last
//! stays logged in, who logged out stays out, and no change is lost.

use std::{
    cell::RefCell,
    collections::HashMap,
    future::{Future, poll_fn},
    pin::Pin,
    rc::Rc,
    task::Poll,
};

use actix_session::Session;
use actix_web::{
    HttpRequest, HttpResponse,
    test::TestRequest,
    web::{self, Path},
};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use waxseal_session::{Mode, TypedSession};

use crate::harness::{Answer, IDLE, NAME, Site, World, handlers};

/// What a request does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Act {
    Read,
    Write,
    Renew,
    LogIn,
    LogOut,
}

const ACTS: [Act; 5] = [Act::Read, Act::Write, Act::Renew, Act::LogIn, Act::LogOut];

impl Act {
    fn path(self, number: usize) -> String {
        match self {
            Self::Read => format!("/slow/{number}/read"),
            Self::Write => format!("/slow/{number}/write{number}"),
            Self::Renew => format!("/slow/{number}/renew"),
            Self::LogIn => format!("/slow/{number}/login"),
            Self::LogOut => format!("/slow/{number}/logout"),
        }
    }
}

/// How the two requests overlap. They were sent together, with the same cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    /// Both are read before one is answered; then the first.
    FirstAnsweredFirst,
    /// Both are read before one is answered; then the second.
    SecondAnsweredFirst,
    /// The second comes so late that the first is answered before.
    OneAfterTheOther,
}

const ORDERS: [Order; 3] =
    [Order::FirstAnsweredFirst, Order::SecondAnsweredFirst, Order::OneAfterTheOther];

/// How the app is built.
#[derive(Debug, Clone, Copy)]
struct Kind {
    mode: Mode,
    /// Whether handlers use actix's `Session`, or else `TypedSession`.
    populated: bool,
}

/// What the browser sends at first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Start {
    /// The cookie of Ann's session.
    SignedIn,
    /// The same, and a refresh is due.
    Due,
    /// The cookie of a session that has expired.
    Expired,
}

/// Handlers that wait until the test lets them go.
#[derive(Default)]
struct Gates(RefCell<HashMap<usize, oneshot::Receiver<()>>>);

/// A browser with its jar.
struct Browser {
    site: Site,
    gates: Rc<Gates>,
    jar: String,
}

impl Browser {
    async fn new(world: &World, kind: Kind, start: Start) -> Self {
        let Kind { mode, populated } = kind;
        let middleware = world.middleware().mode(mode).actix_session(populated).build().unwrap();
        let gates = Rc::new(Gates::default());
        let site = Site::wrapped(middleware, |routes| {
            handlers(routes, world.clock.clone());
            let path = "/slow/{number}/{act}";
            routes.app_data(Rc::clone(&gates)).route("/typed-state", web::to(typed_state));
            match populated {
                true => routes.route(path, web::to(slow)),
                false => routes.route(path, web::to(slow_typed)),
            };
        })
        .await;
        // The role is a value that Bob's session has, too.
        let mut claims = world.claims_with(&json!({"user_id": "ann", "role": "member"}));
        if mode == Mode::Database {
            claims.as_object_mut().unwrap().remove("state");
        }
        let jar = world.seal(claims.to_string());
        match start {
            Start::SignedIn => {}
            Start::Due => world.advance(IDLE - 100),
            Start::Expired => world.advance(IDLE),
        }
        Self { site, gates, jar }
    }

    /// A request with the present cookie, that waits in its handler.
    fn send(&self, act: Act, number: usize) -> Request {
        let (gate, receiver) = oneshot::channel();
        self.gates.0.borrow_mut().insert(number, receiver);
        let cookie = format!("{NAME}={}", self.jar);
        let request = TestRequest::with_uri(&act.path(number)).insert_header(("Cookie", cookie));
        Request { answer: self.site.call(request), gate: Some(gate) }
    }

    /// An answer arrives.
    fn receive(&mut self, answer: &Answer) {
        if let Some(cookie) = answer.cookie() {
            self.jar = cookie.value;
        }
    }

    async fn state(&mut self) -> String {
        let answer = self.site.get("/typed-state", &self.jar).await;
        self.receive(&answer);
        answer.text().await
    }
}

struct Request {
    answer: Pin<Box<dyn Future<Output = Answer>>>,
    gate: Option<oneshot::Sender<()>>,
}

impl Request {
    /// The request is read, up to its handler.
    async fn reached(&mut self) {
        poll_fn(|context| match self.answer.as_mut().poll(context) {
            Poll::Ready(_) => panic!("it did not wait"),
            Poll::Pending => Poll::Ready(()),
        })
        .await;
    }

    async fn answered(mut self) -> Answer {
        self.gate.take().unwrap().send(()).unwrap();
        self.answer.await
    }
}

/// Waits at the gate of this request.
async fn wait(request: &HttpRequest, number: usize) {
    let gates: &Rc<Gates> = request.app_data().unwrap();
    let gate = gates.0.borrow_mut().remove(&number);
    if let Some(gate) = gate {
        gate.await.unwrap();
    }
}

/// The state, whatever is in it.
type Typed = TypedSession<serde_json::Map<String, Value>>;

/// The same handler for an app without actix's `Session`.
async fn slow_typed(
    request: HttpRequest,
    session: Typed,
    path: Path<(usize, String)>,
) -> actix_web::Result<HttpResponse> {
    let (number, act) = path.into_inner();
    wait(&request, number).await;
    let set = |pairs: &[(&str, Value)]| {
        session.update(|state| {
            state.extend(pairs.iter().map(|(key, value)| ((*key).to_owned(), value.clone())));
        })
    };
    match act.as_str() {
        "read" => {}
        "renew" => session.renew(),
        "logout" => session.destroy(),
        "login" => {
            session.clear();
            session.renew();
            set(&[("user_id", json!("bob")), ("role", json!("member"))])?;
        }
        write => set(&[(write, json!(true))])?,
    }
    Ok(HttpResponse::Ok().finish())
}

async fn typed_state(session: Typed) -> actix_web::Result<HttpResponse> {
    Ok(HttpResponse::Ok().json(session.get()?.unwrap_or_default()))
}

async fn slow(
    request: HttpRequest,
    session: Session,
    path: Path<(usize, String)>,
) -> actix_web::Result<HttpResponse> {
    let (number, act) = path.into_inner();
    wait(&request, number).await;
    match act.as_str() {
        "read" => {}
        "renew" => session.renew(),
        "logout" => session.purge(),
        "login" => {
            session.clear();
            session.renew();
            session.insert("user_id", "bob")?;
            session.insert("role", "member")?;
        }
        write => session.insert(write, true)?,
    }
    Ok(HttpResponse::Ok().finish())
}

/// Runs both; returns the answers in the order in which the server sent them.
async fn run(browser: &Browser, acts: [Act; 2], order: Order) -> [Answer; 2] {
    let [mut one, mut two] = [browser.send(acts[0], 1), browser.send(acts[1], 2)];
    one.reached().await;
    if order == Order::OneAfterTheOther {
        let one = one.answered().await;
        two.reached().await;
        return [one, two.answered().await];
    }
    two.reached().await;
    match order {
        Order::FirstAnsweredFirst => {
            let one = one.answered().await;
            [one, two.answered().await]
        }
        _ => {
            let two = two.answered().await;
            [two, one.answered().await]
        }
    }
}

/// Who has to be signed in after these acts, in the order in which the server finished them.
fn expected_user(start: Start, acts: [Act; 2]) -> Option<&'static str> {
    let ann = (start != Start::Expired).then_some("ann");
    acts.iter().fold(ann, |user, act| match act {
        Act::LogIn => Some("bob"),
        Act::LogOut => None,
        Act::Read | Act::Write | Act::Renew => user,
    })
}

async fn check(kind: Kind, start: Start, acts: [Act; 2], order: Order, swapped: bool) {
    let case = format!("{kind:?} {start:?} {acts:?} {order:?}, answers swapped: {swapped}");
    let world = World::new();
    let mut browser = Browser::new(&world, kind, start).await;
    let mut answers = run(&browser, acts, order).await;
    let in_order = if order == Order::SecondAnsweredFirst { [acts[1], acts[0]] } else { acts };
    let expected = expected_user(start, in_order);
    if swapped {
        answers.reverse();
    }
    for answer in &answers {
        assert!(answer.status.is_success(), "{case}");
        browser.receive(answer);
    }
    let state = browser.state().await;
    let user = ["ann", "bob"].into_iter().find(|user| state.contains(user));
    if swapped {
        // Where the network swaps the answers, the browser may keep the older one. It then holds no
        // session at all, rather than one that has ended or is another person's.
        assert!(user.is_none() || user == expected, "{case}: {state}");
    } else {
        assert_eq!(user, expected, "{case}: {state}");
    }
    assert!(user != Some("bob") || !state.contains("write"), "{case}: Ann's {state}");
    let live = world.store.live();
    assert!(live <= 1, "{case}: {live} sessions are left, of one browser");
    if acts == [Act::Write, Act::Write] && start != Start::Expired {
        assert!(state.contains("write1") && state.contains("write2"), "{case}: {state}");
    }
}

#[actix_web::test]
async fn two_requests_at_once_end_as_their_order_says() {
    let kinds = [Mode::Cookie, Mode::Database].into_iter();
    let kinds = kinds.flat_map(|mode| [true, false].map(|populated| Kind { mode, populated }));
    for kind in kinds {
        for start in [Start::SignedIn, Start::Due, Start::Expired] {
            for (one, two) in ACTS.into_iter().flat_map(|one| ACTS.map(|two| (one, two))) {
                for order in ORDERS {
                    check(kind, start, [one, two], order, false).await;
                    check(kind, start, [one, two], order, true).await;
                }
            }
        }
    }
}
