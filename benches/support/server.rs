//! The server as a process, for benches that visit it.

use std::{
    fs,
    io::{BufRead, BufReader},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use reqwest::{Client, Response, header, redirect::Policy};

pub const FORM: [(&str, &str); 2] =
    [("email", "ann@example.com"), ("password", "violet anvil forty marmots")];

/// The server, as a process of its own; it stops when it is told to.
pub struct Server {
    process: Child,
    address: String,
    log: Receiver<String>,
}

impl Server {
    /// Starts it on a free port, and returns when it listens.
    pub fn start(database_url: &str, settings: &[(&str, &str)]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_waxseal"))
            .env_clear()
            .env("LISTEN", "127.0.0.1:0")
            .env("DATABASE_URL", database_url)
            .env("SESSION_SECRET", "a secret for measuring of 32 bytes and more")
            .envs(settings.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stderr.take().unwrap()).lines();
        let (said, log) = channel();
        thread::spawn(move || lines.map_while(Result::ok).try_for_each(|line| said.send(line)));
        let address =
            log.iter().find_map(|line| Some(line.split_once("listens on ")?.1.to_owned()));
        Self { process, address: address.expect("it listens"), log }
    }

    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }

    /// Whether it has said this since it was last asked.
    pub fn has_said(&self, text: &str) -> bool {
        self.log.try_iter().any(|line| line.contains(text))
    }

    /// What it has in memory, in MiB: now, or at most until now.
    pub fn memory(&self, what: Memory) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(what.name())).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
    }

    pub fn stop(mut self) {
        let id = self.process.id().to_string();
        Command::new("kill").arg(id).status().unwrap();
        self.process.wait().unwrap();
    }
}

#[derive(Clone, Copy)]
pub enum Memory {
    Now,
    AtMost,
}

impl Memory {
    /// As it stands in `/proc/PID/status`.
    fn name(self) -> &'static str {
        match self {
            Self::Now => "VmRSS:",
            Self::AtMost => "VmHWM:",
        }
    }
}

pub fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

pub fn client() -> Client {
    Client::builder().redirect(Policy::none()).no_proxy().build().unwrap()
}

pub async fn get(client: &Client, url: &str, cookie: &str) -> Response {
    client.get(url).header(header::COOKIE, cookie).send().await.unwrap()
}

pub async fn log_in(client: &Client, server: &Server) -> String {
    let answer = client.post(server.at("/login")).form(&FORM).send().await.unwrap();
    cookie_of(&answer).expect("logged in")
}

pub fn cookie_of(answer: &Response) -> Option<String> {
    let cookie = answer.headers().get(header::SET_COOKIE)?.to_str().ok()?;
    cookie.split(';').next().map(str::to_owned)
}
