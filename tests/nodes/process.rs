//! The server as a process, which can be killed.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::helpers::SECRET;

/// A process that serves; killed when dropped.
pub struct Node {
    process: Child,
    pub address: SocketAddr,
    log: Receiver<String>,
    _directory: TempDir,
}

impl Node {
    /// Starts the server on a free port, and returns when it listens.
    pub fn start(database_url: &str) -> Self {
        Self::start_with(database_url, &[])
    }

    /// The same with more settings.
    pub fn start_with(database_url: &str, settings: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let mut command = command(&directory, database_url);
        command.envs(settings.iter().copied());
        let mut process = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        let (lines, log) = channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|l| lines.send(l)));
        let mut said = Vec::new();
        let address = loop {
            let line = log.recv().unwrap_or_else(|_| panic!("it does not start: {said:?}"));
            if let Some(address) = line.split("listens on http://").nth(1) {
                break address.parse().unwrap();
            }
            said.push(line);
        };
        Self { process, address, log, _directory: directory }
    }

    /// Starts the server where it can't; how it ended, and what it said.
    pub fn fail_to_start(database_url: &str) -> (ExitStatus, String) {
        let directory = tempfile::tempdir().unwrap();
        let output = command(&directory, database_url).output().unwrap();
        (output.status, String::from_utf8(output.stderr).unwrap())
    }

    /// Waits for a line of the log that contains this text.
    pub fn wait_for(&self, text: &str) -> String {
        let wait = || self.log.recv_timeout(Duration::from_secs(20));
        let mut lines = std::iter::from_fn(|| wait().ok());
        lines.find(|line| line.contains(text)).unwrap_or_else(|| panic!("{text:?} was not logged"))
    }

    /// The lines of the log so far, less those that were waited for.
    pub fn logged(&self) -> Vec<String> {
        self.log.try_iter().collect()
    }

    /// The process's number.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Tells it to stop, and reads all that it has said since the last line that was waited for.
    pub fn stop(mut self) -> Vec<String> {
        self.tell_to_stop();
        assert!(self.wait().success());
        self.log.iter().collect()
    }

    /// The end that gives no time to do anything: SIGKILL.
    pub fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Tells it to stop: SIGTERM.
    pub fn tell_to_stop(&self) {
        let id = self.process.id().to_string();
        assert!(Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success());
    }

    /// How it ended.
    pub fn wait(&mut self) -> ExitStatus {
        self.process.wait().unwrap()
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended_already = self.process.wait();
    }
}

fn command(directory: &TempDir, database_url: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
    command.env_clear().current_dir(directory.path()).stdin(Stdio::null());
    command.env("LISTEN", "127.0.0.1:0").env("SESSION_SECRET", SECRET);
    command.env("DATABASE_URL", database_url);
    command
}

/// One request with a form and perhaps a cookie; the answer, when it has come whole. A server that
/// was killed gives none.
pub fn post(address: SocketAddr, path: &str, form: &str, cookie: Option<&str>) -> Option<String> {
    let cookie = cookie.map(|value| format!("Cookie: session={value}\r\n")).unwrap_or_default();
    let length = form.len();
    send(
        address,
        &format!(
            "POST {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{cookie}\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {length}\r\n\r\n{form}"
        ),
    )
}

/// One request with a cookie.
pub fn get(address: SocketAddr, path: &str, cookie: &str) -> Option<String> {
    let head = "Host: localhost\r\nConnection: close";
    send(address, &format!("GET {path} HTTP/1.1\r\n{head}\r\nCookie: session={cookie}\r\n\r\n"))
}

fn send(address: SocketAddr, request: &str) -> Option<String> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.write_all(request.as_bytes()).ok()?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).ok()?;
    answer.contains("\r\n\r\n").then_some(answer)
}

/// The session's cookie that an answer sets.
pub fn cookie(answer: &str) -> Option<String> {
    let value = answer.split("set-cookie: session=").nth(1)?.split(';').next()?;
    (!value.is_empty()).then(|| value.to_owned())
}
