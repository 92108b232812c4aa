//! The chromedriver process.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::TcpStream,
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

use super::TIMEOUT;

/// A chromedriver process on a free port.
pub struct Driver {
    process: Child,
    pub port: u16,
    /// Kept open, so that chromedriver can go on writing.
    _output: BufReader<ChildStdout>,
}

impl Driver {
    /// Tries up to five times: the port it picks for IPv4 may be in use on IPv6, and then it gives up.
    pub fn start(program: &Path) -> Self {
        (0..5).find_map(|_| Self::try_start(program)).expect("chromedriver starts")
    }

    fn try_start(program: &Path) -> Option<Self> {
        let mut process = Command::new(program)
            .arg("--port=0")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver can be run");
        let mut output = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        while output.read_line(&mut line).is_ok_and(|length| length > 0) {
            if let Some((_, port)) = line.split_once("successfully on port ") {
                let port = port.trim_end().trim_end_matches('.').parse().expect("a port");
                return Some(Self { process, port, _output: output });
            }
            line.clear();
        }
        process.wait().ok();
        None
    }
}

impl Drop for Driver {
    /// Requests a shutdown, which also ends its browsers; a signal would leave them running.
    fn drop(&mut self) {
        if let Ok(mut connection) = TcpStream::connect(("127.0.0.1", self.port)) {
            let request = "GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
            connection.write_all(request.as_bytes()).ok();
            connection.set_read_timeout(Some(TIMEOUT)).ok();
            connection.read_to_end(&mut Vec::new()).ok();
        } else {
            self.process.kill().ok();
        }
        self.process.wait().ok();
    }
}
