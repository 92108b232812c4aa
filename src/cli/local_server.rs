//! A request to the server on this machine, as `healthcheck` and `check` send it.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

use crate::config::{InvalidSetting, ListenAddress};

/// How long connecting, and then each read, may take. Container runtimes wait for some seconds.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The most that is read of an answer: many times what a health check answers.
const MAX_ANSWER: u64 = 64 * 1024;

/// The server that listens on an address of this machine.
pub(super) struct LocalServer(ListenAddress);

/// What it answered.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: String,
}

impl LocalServer {
    /// # Errors
    ///
    /// If the setting leaves the port to the system, so that no one else knows it.
    pub(super) fn on(listen: &ListenAddress) -> Result<Self, InvalidSetting> {
        if listen.tcp().is_some_and(|address| address.port() == 0) {
            return Err(InvalidSetting {
                setting: "LISTEN".into(),
                problem: "port 0 is not the one that the server got; set the port".to_owned(),
            });
        }
        Ok(Self(listen.to_loopback()))
    }

    /// Sends a GET.
    ///
    /// # Errors
    ///
    /// If there is no answer in time, or it is not HTTP.
    pub(super) fn get(&self, path: &str) -> io::Result<Answer> {
        let request =
            format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
        let answer = self.exchange(request.as_bytes()).map_err(|error| {
            let problem = format!("{self} does not answer: {}", reason(&error));
            io::Error::new(error.kind(), problem)
        })?;
        parse(&answer).ok_or_else(|| io::Error::other(format!("{self} does not answer in HTTP")))
    }

    fn exchange(&self, request: &[u8]) -> io::Result<String> {
        match &self.0 {
            ListenAddress::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, TIMEOUT)?;
                stream.set_read_timeout(Some(TIMEOUT))?;
                exchange(stream, request)
            }
            #[cfg(unix)]
            ListenAddress::Unix(path) => {
                let stream = std::os::unix::net::UnixStream::connect(path)?;
                stream.set_read_timeout(Some(TIMEOUT))?;
                exchange(stream, request)
            }
            #[cfg(not(unix))]
            ListenAddress::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

fn exchange(mut stream: impl Read + Write, request: &[u8]) -> io::Result<String> {
    stream.write_all(request)?;
    let mut answer = Vec::new();
    stream.take(MAX_ANSWER).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn parse(answer: &str) -> Option<Answer> {
    let (head, body) = answer.split_once("\r\n\r\n")?;
    let status = head.strip_prefix("HTTP/1.")?.split(' ').nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

fn reason(error: &io::Error) -> String {
    match error.kind() {
        // The system's words for a read that timed out.
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
            format!("nothing within {} s", TIMEOUT.as_secs())
        }
        _ => error.to_string(),
    }
}

impl fmt::Display for LocalServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
