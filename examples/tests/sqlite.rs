//! The example `sqlite`, as its processes are used: restarted, and two at once.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::disallowed_methods)]

use std::{
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    process::{Child, Command},
    thread,
    time::{Duration, Instant},
};

/// A running process of the example.
struct Example {
    child: Child,
    address: String,
}

impl Example {
    fn start(folder: &Path) -> Self {
        // Free when it was asked for; nothing else here takes one.
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let mut command = Command::new(env!("CARGO_BIN_EXE_sqlite"));
        let child = command.arg(&address).current_dir(folder).spawn().unwrap();
        let example = Self { child, address };
        eventually(|| TcpStream::connect(&example.address).is_ok());
        example
    }

    /// The whole response to a request with this cookie.
    fn send(&self, request: &str, cookie: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let head = format!("{request} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n");
        write!(stream, "{head}Cookie: {cookie}\r\n\r\n").unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).unwrap();
        response
    }

    /// Logs in; the cookie.
    fn log_in(&self) -> String {
        let response = self.send("POST /login/ann", "");
        let cookie = response.split("set-cookie: ").nth(1).expect(&response);
        cookie.split(';').next().unwrap().to_owned()
    }

    fn is_logged_in(&self, cookie: &str) -> bool {
        self.send("GET /", cookie).contains("\r\n\r\nlogged in as ann ")
    }
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

#[test]
fn a_session_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let before = Example::start(folder.path());
    let cookie = before.log_in();
    drop(before);
    let after = Example::start(folder.path());
    assert!(after.is_logged_in(&cookie));
    after.send("POST /logout", &cookie);
    assert!(!after.is_logged_in(&cookie));
}

#[test]
fn a_log_out_in_one_process_ends_the_session_in_the_other() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Example::start(folder.path()), Example::start(folder.path()));
    let cookie = one.log_in();
    assert!(other.is_logged_in(&cookie));
    one.send("POST /logout", &cookie);
    assert!(!one.is_logged_in(&cookie), "at once");
    eventually(|| !other.is_logged_in(&cookie));
}
