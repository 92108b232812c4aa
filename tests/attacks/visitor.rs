//! Somebody at an address of their own, and the server that they visit.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    helpers::{EMAIL, PASSWORD},
    process::Node,
};

pub const WRONG: &str = "not the password of anybody";

/// A server behind a proxy, which the tests are.
pub struct Server {
    pub node: Node,
    pub database_url: String,
    _directory: TempDir,
}

impl Server {
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let database_url = format!("sqlite://{}/waxseal.db", directory.path().display());
        let settings = [&[("TRUSTED_PROXIES", "127.0.0.1")], settings].concat();
        let node = Node::start_with(&database_url, &settings);
        Self { node, database_url, _directory: directory }
    }

    /// Somebody at this address.
    pub fn visitor(&self, from: &str) -> Visitor {
        Visitor { server: self.node.address, from: from.to_owned(), cookie: None }
    }

    /// Somebody at this address who has just signed up.
    pub fn signed_up(&self, from: &str, email: &str) -> Visitor {
        let mut visitor = self.visitor(from);
        let form = format!("email={email}&password={}", encoded(PASSWORD));
        assert_eq!(visitor.post("/signup", &form).status(), 303);
        visitor
    }

    /// Stops the server; what it has said.
    pub fn stop(self) -> Vec<String> {
        self.node.stop()
    }
}

/// Somebody, with the session's cookie if they have one.
#[derive(Clone)]
pub struct Visitor {
    server: SocketAddr,
    from: String,
    pub cookie: Option<String>,
}

impl Visitor {
    pub fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "", "")
    }

    pub fn post(&mut self, path: &str, form: &str) -> Answer {
        self.send("POST", path, "", form)
    }

    pub fn log_in(&mut self, email: &str, password: &str) -> Answer {
        self.post("/login", &format!("email={email}&password={}", encoded(password)))
    }

    /// With this value as the cookie, or whatever makes it two.
    pub fn get_with_cookie(&mut self, cookie: &str) -> Answer {
        Self { cookie: Some(cookie.to_owned()), ..self.clone() }.get("/profile")
    }

    /// The id of the session.
    pub fn session(&mut self) -> String {
        let answer = self.get("/api/session").0;
        let id = answer.split("\"session_id\":\"").nth(1).expect("a session");
        id.split('"').next().unwrap().to_owned()
    }

    /// The id of the account.
    pub fn user(&mut self) -> String {
        let answer = self.get("/api/session").0;
        let id = answer.split("\"user_id\":\"").nth(1).expect("a session");
        id.split('"').next().unwrap().to_owned()
    }

    /// A request with more headers, each with its end of line; keeps the cookie that comes back.
    pub fn send(&mut self, method: &str, path: &str, headers: &str, form: &str) -> Answer {
        let answer = raw(self.server, self.request(method, path, headers, form).as_bytes());
        if let Some(value) = crate::process::cookie(&answer.0) {
            self.cookie = Some(value);
        } else if answer.0.contains("set-cookie: session=;") {
            self.cookie = None;
        }
        answer
    }

    /// Sends a form, and is gone before the answer comes: the connection is reset, because what
    /// came on it before was never read.
    pub fn post_and_hang_up(&self, path: &str, form: &str) {
        let mut stream = TcpStream::connect(self.server).unwrap();
        let before = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let form = self.request("POST", path, "", form);
        stream.write_all([before, &form].concat().as_bytes()).unwrap();
        stream.peek(&mut [0]).unwrap();
    }

    fn request(&self, method: &str, path: &str, headers: &str, form: &str) -> String {
        let cookie = self.cookie.as_ref().map(|value| format!("Cookie: session={value}\r\n"));
        let (from, length) = (&self.from, form.len());
        format!(
            "{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
             X-Forwarded-For: {from}\r\n{}{headers}\
             Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{form}",
            cookie.unwrap_or_default(),
        )
    }
}

/// What was answered, all of it.
pub struct Answer(pub String);

impl Answer {
    pub fn status(&self) -> u16 {
        self.0.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or_default()
    }
}

/// Sends bytes, and reads until the server closes the connection.
pub fn raw(server: SocketAddr, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request).unwrap();
    let mut answer = Vec::new();
    let _reset = stream.read_to_end(&mut answer);
    Answer(String::from_utf8_lossy(&answer).into_owned())
}

pub fn encoded(text: &str) -> String {
    text.replace(' ', "+")
}

/// Nobody's password and nobody's address is in what is told.
pub fn assert_nothing_private(log: &[String], tokens: &[String], database_url: &str) {
    let passwords = [PASSWORD, WRONG].map(|text| [text.to_owned(), encoded(text)]).concat();
    let known = [EMAIL.to_owned(), "@example".to_owned(), crate::helpers::SECRET.to_owned()];
    let database = [database_url.to_owned()];
    for private in passwords.iter().chain(&known).chain(tokens).chain(&database) {
        let told = log.iter().find(|line| line.contains(private.as_str()));
        assert_eq!(told, None, "{private}");
    }
}
