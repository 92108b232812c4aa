//! A request to the server on this machine, as `healthcheck` and `check` send it.

use std::{
    fmt,
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

#[cfg(unix)]
use std::{os::unix::net::UnixStream, path::Path};

use crate::config::{InvalidSetting, ListenAddress};

/// How long connecting, and then each write and read, may take. Container runtimes wait for some seconds.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The most that is read of an answer: many times what a health check answers.
const MAX_ANSWER: u64 = 64 * 1024;

/// The server that listens on an address of this machine.
pub(super) struct LocalServer {
    address: ListenAddress,
    timeout: Duration,
}

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
        Ok(Self { address: listen.to_loopback(), timeout: TIMEOUT })
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
            let problem = format!("{self} does not answer: {}", self.reason(&error));
            io::Error::new(error.kind(), problem)
        })?;
        parse(&answer).ok_or_else(|| io::Error::other(format!("{self} does not answer in HTTP")))
    }

    fn exchange(&self, request: &[u8]) -> io::Result<String> {
        let timeout = Some(self.timeout);
        match &self.address {
            ListenAddress::Tcp(address) => {
                let stream = TcpStream::connect_timeout(address, self.timeout)?;
                stream.set_write_timeout(timeout)?;
                stream.set_read_timeout(timeout)?;
                exchange(stream, request)
            }
            #[cfg(unix)]
            ListenAddress::Unix(path) => {
                let stream = connect(path, self.timeout)?;
                stream.set_read_timeout(timeout)?;
                exchange(stream, request)
            }
            #[cfg(not(unix))]
            ListenAddress::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn reason(&self, error: &io::Error) -> String {
        match error.kind() {
            // The system's words for what timed out.
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => {
                format!("nothing within {} s", self.timeout.as_secs())
            }
            _ => error.to_string(),
        }
    }
}

/// Connects to a socket. Where the queue of a server that hangs is full, that waits for the server, as
/// long as a write may take; the standard library sets no such limit.
#[cfg(unix)]
fn connect(path: &Path, timeout: Duration) -> io::Result<UnixStream> {
    use rustix::net::{
        AddressFamily, SocketAddrUnix, SocketType, connect, socket,
        sockopt::{Timeout, set_socket_timeout},
    };

    let socket = socket(AddressFamily::UNIX, SocketType::STREAM, None)?;
    set_socket_timeout(&socket, Timeout::Send, Some(timeout))?;
    connect(&socket, &SocketAddrUnix::new(path)?)?;
    Ok(socket.into())
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

impl fmt::Display for LocalServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.address.fmt(f)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{os::unix::net::UnixListener, sync::mpsc, thread};

    use super::*;

    /// Once the queue is full, the next connection has to wait.
    fn with_full_queue(path: &Path) -> io::Result<(UnixListener, Vec<UnixStream>)> {
        let listener = UnixListener::bind(path)?;
        rustix::net::listen(&listener, 0)?;
        let soon = Duration::from_millis(10);
        let waiting = std::iter::from_fn(|| connect(path, soon).ok()).collect();
        Ok((listener, waiting))
    }

    #[test]
    fn a_server_that_hangs_fails_within_the_time_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("waxseal.sock");
        let _hanging = with_full_queue(&path).unwrap();
        let timeout = Duration::from_millis(10);
        let server = LocalServer { address: ListenAddress::Unix(path), timeout };
        let (asked, answer) = mpsc::channel();
        thread::spawn(move || asked.send(server.get("/readyz").map(|answer| answer.status)));
        let error = answer.recv_timeout(Duration::from_secs(30)).unwrap().unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::WouldBlock);
        assert!(error.to_string().contains(" does not answer: nothing within "), "{error}");
    }
}
