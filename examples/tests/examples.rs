//! The examples, as their processes are used: restarted, and two at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

/// A running process of an example.
struct Example {
    child: Child,
    address: String,
}

impl Example {
    fn start(program: &str, folder: &Path) -> Self {
        Self::start_with(program, folder, &[])
    }

    fn start_with(program: &str, folder: &Path, environment: &[(&str, String)]) -> Self {
        // Free when it was asked for; nothing else here takes one.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut command = Command::new(program);
        command.arg(&address).current_dir(folder).envs(environment.iter().cloned());
        let example = Self { child: command.spawn().unwrap(), address };
        eventually(|| TcpStream::connect(&example.address).is_ok());
        example
    }

    /// Opens a connection and sends a request with this cookie and body.
    fn open(&self, request: &str, cookie: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let length = body.len();
        write!(
            stream,
            "{request} HTTP/1.1\r\nHost: localhost\r\nCookie: {cookie}\r\n{headers}\
             Content-Length: {length}\r\n\r\n{body}"
        )
        .unwrap();
        stream
    }

    /// The whole response to a request with this cookie.
    fn send(&self, request: &str, cookie: &str) -> String {
        self.send_body(request, cookie, "application/x-www-form-urlencoded", "")
    }

    fn send_body(&self, request: &str, cookie: &str, kind: &str, body: &str) -> String {
        let headers = format!("Connection: close\r\nContent-Type: {kind}\r\n");
        let mut response = String::new();
        self.open(request, cookie, &headers, body).read_to_string(&mut response).unwrap();
        response
    }

    /// Logs in; the cookie.
    fn log_in(&self, path: &str, form: &str) -> String {
        let kind = "application/x-www-form-urlencoded";
        cookie(&self.send_body(&format!("POST {path}"), "", kind, form)).unwrap()
    }

    fn is_logged_in(&self, cookie: &str) -> bool {
        self.send("GET /", cookie).contains("\r\n\r\nlogged in as ann ")
    }
}

/// The cookie that a response sets.
fn cookie(response: &str) -> Option<String> {
    let cookie = response.split("set-cookie: ").nth(1)?;
    cookie.split(';').next().map(str::to_owned)
}

impl Drop for Example {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Waits for something that happens within a second or two; fails after ten.
fn eventually(mut happens: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !happens() {
        assert!(begun.elapsed() < Duration::from_secs(10), "it does not happen");
        thread::sleep(Duration::from_millis(20));
    }
}

const MINIMAL: &str = env!("CARGO_BIN_EXE_minimal");
const SQLITE: &str = env!("CARGO_BIN_EXE_sqlite");
const REDIS: &str = env!("CARGO_BIN_EXE_redis");
const TYPED: &str = env!("CARGO_BIN_EXE_typed");
const IDENTITY: &str = env!("CARGO_BIN_EXE_identity");
const WEBSOCKET: &str = env!("CARGO_BIN_EXE_websocket");
const IRON_SESSION: &str = env!("CARGO_BIN_EXE_iron_session");

#[test]
fn minimal_counts_visits_through_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let before = Example::start(MINIMAL, folder.path());
    let ann = before.log_in("/login", "name=ann");
    drop(before);
    let after = Example::start(MINIMAL, folder.path());
    let first = after.send("GET /", &ann);
    assert!(first.contains("Hello ann, visit 1."), "{first}");
    let second = after.send("GET /", &cookie(&first).unwrap());
    assert!(second.contains("Hello ann, visit 2."), "{second}");
    let out = after.send("POST /logout", &cookie(&second).unwrap());
    assert!(out.contains("Max-Age=0"), "{out}");
}

#[test]
fn sqlite_keeps_sessions_through_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let before = Example::start(SQLITE, folder.path());
    let cookie = before.log_in("/login/ann", "");
    drop(before);
    let after = Example::start(SQLITE, folder.path());
    assert!(after.is_logged_in(&cookie));
    after.send("POST /logout", &cookie);
    assert!(!after.is_logged_in(&cookie));
}

#[test]
fn with_sqlite_a_log_out_in_one_process_ends_the_session_in_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let [one, other] = [(); 2].map(|()| Example::start(SQLITE, folder.path()));
    assert_log_out_reaches(&one, &other);
}

#[test]
fn with_redis_a_log_out_in_one_process_ends_the_session_in_the_other() {
    let Some(redis) = test_servers::Redis::start() else { return };
    let folder = tempfile::tempdir().unwrap();
    let environment = [("REDIS_URL", redis.url())];
    let start = || Example::start_with(REDIS, folder.path(), &environment);
    let (one, other) = (start(), start());
    assert_log_out_reaches(&one, &other);
    let ann = one.log_in("/login/ann", "");
    drop(one);
    assert!(start().is_logged_in(&ann), "a restart logs no one out");
}

fn assert_log_out_reaches(one: &Example, other: &Example) {
    let cookie = one.log_in("/login/ann", "");
    assert!(other.is_logged_in(&cookie));
    one.send("POST /logout", &cookie);
    assert!(!one.is_logged_in(&cookie), "at once");
    eventually(|| !other.is_logged_in(&cookie));
}

#[test]
fn typed_remembers_whom_it_should_and_greets_once() {
    let folder = tempfile::tempdir().unwrap();
    let example = Example::start(TYPED, folder.path());
    let form = "application/x-www-form-urlencoded";
    let remembered = example.send_body("POST /login", "", form, "name=ann&remember=on");
    assert!(remembered.contains("Max-Age=2592000"), "{remembered}");
    let forgotten = example.send_body("POST /login", "", form, "name=ann");
    assert!(!forgotten.contains("Max-Age"), "{forgotten}");
    let first = example.send("GET /", &cookie(&forgotten).unwrap());
    assert!(first.contains("You are logged in.") && first.contains("visit 1"), "{first}");
    let second = example.send("GET /", &cookie(&first).unwrap());
    assert!(!second.contains("You are logged in.") && second.contains("visit 2"), "{second}");
}

#[test]
fn identity_logs_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let example = Example::start(IDENTITY, folder.path());
    let ann = example.log_in("/login/ann", "");
    let first = example.send("GET /", &ann);
    assert!(first.contains("<p>Welcome back.</p>logged in as ann "), "{first}");
    let ann = cookie(&first).unwrap();
    assert!(example.is_logged_in(&ann), "the message is shown once");
    example.send("POST /logout", &ann);
    assert!(!example.is_logged_in(&ann));
}

#[test]
fn sockets_and_event_streams_end_with_the_session() {
    let folder = tempfile::tempdir().unwrap();
    let example = Example::start(WEBSOCKET, folder.path());
    assert!(example.send("GET /events", "").starts_with("HTTP/1.1 401"));
    let ann = example.log_in("/login", "");
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                   Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    let mut socket = example.open("GET /socket", &ann, upgrade, "");
    let mut events = example.open("GET /events", &ann, "", "");
    let mut tick = [0; 4096];
    let read = events.read(&mut tick).unwrap();
    assert!(tick[..read].starts_with(b"HTTP/1.1 200"));

    example.send("POST /logout", &ann);
    for stream in [&socket, &events] {
        stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
    }
    let mut rest = Vec::new();
    events.read_to_end(&mut rest).unwrap_or_default();
    assert!(rest.ends_with(b"0\r\n\r\n"), "the last chunk: {rest:?}");
    rest.clear();
    socket.read_to_end(&mut rest).unwrap_or_default();
    // 0x88: a close frame; then its length, and 4401 in two bytes.
    let close = [&[0x88, 12, 0x11, 0x31], b"logged out".as_slice()].concat();
    assert!(rest.windows(close.len()).any(|part| part == close), "{rest:?}");
}

#[test]
fn iron_session_s_example_logs_in_and_out() {
    let folder = tempfile::tempdir().unwrap();
    let example = Example::start(IRON_SESSION, folder.path());
    let json = "application/json";
    let body = r#"{"username":"Alison"}"#;
    let answer = example.send_body("POST /session", "", json, body);
    assert!(answer.ends_with(body) && answer.contains("my-app-session="), "{answer}");
    let alison = cookie(&answer).unwrap();
    assert!(example.send("GET /session", &alison).ends_with(body));
    assert!(example.send("DELETE /session", &alison).contains("Max-Age=0"));
    assert!(example.send("GET /session", &alison).ends_with("{}"));
}
