//! Somebody at an address of their own, and the server that they visit.

use std::{
    io::Write,
    net::{SocketAddr, TcpStream},
};

use serde_json::Value;
use test_support::{Answer, EMAIL, PASSWORD, Process, SECRET, raw, waxseal};

pub const WRONG: &str = "not the password of anybody";

/// A server behind a proxy, which the tests are.
pub struct Server {
    pub node: Process,
    pub database_url: String,
}

impl Server {
    pub fn start(settings: &[(&str, &str)]) -> Self {
        let waxseal = waxseal!().set("SESSION_SECRET", SECRET).set("TRUSTED_PROXIES", "127.0.0.1");
        let database_url = waxseal.database_url();
        let settings = [&[("DATABASE_URL", database_url.as_str())], settings].concat();
        Self { node: waxseal.serve_with(&[], &settings), database_url }
    }

    /// Somebody at this address.
    pub fn visitor(&self, from: &str) -> Visitor {
        Visitor { server: self.node.address, from: from.to_owned(), cookie: None }
    }

    /// Somebody at this address who has just signed up.
    pub fn signed_up(&self, from: &str, email: &str) -> Visitor {
        let mut visitor = self.visitor(from);
        let form = format!("email={email}&password={}", encoded(PASSWORD));
        assert_eq!(visitor.post("/signup", &form).status, 303);
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
        self.send("GET", path, &[], "")
    }

    pub fn post(&mut self, path: &str, form: &str) -> Answer {
        self.send("POST", path, &[], form)
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
        self.about("session_id")
    }

    /// The id of the account.
    pub fn user(&mut self) -> String {
        self.about("user_id")
    }

    fn about(&mut self, what: &str) -> String {
        let session: Value = serde_json::from_str(&self.get("/api/session").body).unwrap();
        session[what].as_str().expect("a session").to_owned()
    }

    /// A request with more headers; keeps the cookie that comes back.
    pub fn send(&mut self, method: &str, path: &str, headers: &[&str], form: &str) -> Answer {
        let request = self.request(method, path, headers, form);
        let answer = Answer::parse(&raw::exchange(self.server, request).unwrap()).unwrap();
        if !answer.set_cookies().is_empty() {
            self.cookie = answer.session();
        }
        answer
    }

    /// Sends a form, and is gone before the answer comes: the connection is reset, because what
    /// came on it before was never read.
    pub fn post_and_hang_up(&self, path: &str, form: &str) {
        let mut stream = TcpStream::connect(self.server).unwrap();
        let before = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
        let form = self.request("POST", path, &[], form);
        stream.write_all([before, &form].concat().as_bytes()).unwrap();
        stream.peek(&mut [0]).unwrap();
    }

    fn request(&self, method: &str, path: &str, headers: &[&str], form: &str) -> String {
        let from = format!("X-Forwarded-For: {}", self.from);
        let cookie = self.cookie.as_deref().map(raw::session);
        let own: Vec<&str> = [from.as_str()].into_iter().chain(cookie.as_deref()).collect();
        raw::request(method, path, &[&own, headers].concat(), form)
    }
}

pub fn encoded(text: &str) -> String {
    text.replace(' ', "+")
}

/// Nobody's password and nobody's address is in what is told.
pub fn assert_nothing_private(log: &[String], tokens: &[String], database_url: &str) {
    let passwords = [PASSWORD, WRONG].map(|text| [text.to_owned(), encoded(text)]).concat();
    let known = [EMAIL, "@example", SECRET, database_url].map(str::to_owned);
    for private in passwords.iter().chain(&known).chain(tokens) {
        let told = log.iter().find(|line| line.contains(private.as_str()));
        assert_eq!(told, None, "{private}");
    }
}
