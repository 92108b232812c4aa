//! The built binary as a server process.

use std::{
    fs,
    net::SocketAddr,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Mutex},
};

use tempfile::TempDir;
use waxseal_session::Clock;

use crate::{Answer, Client, log::Log, raw};

/// A server process, killed when dropped.
pub struct Process {
    /// Its address; 0.0.0.0:0 if it listens on a UNIX socket.
    pub address: SocketAddr,
    id: u32,
    child: Mutex<Child>,
    log: Log,
    _folder: Arc<TempDir>,
}

impl Process {
    /// Starts a server that a command of the test's own runs, and waits until it listens.
    pub fn of(command: &mut Command) -> Self {
        Self::start(command, Arc::new(tempfile::tempdir().unwrap()))
    }

    /// Starts the server and waits until it listens.
    pub(crate) fn start(command: &mut Command, folder: Arc<TempDir>) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = Log::read(child.stderr.take().unwrap());
        let line = log.wait_for(" listens on ");
        let address = match line.split_once(" listens on http://") {
            // In JSON, a quote follows it.
            Some((_, rest)) => rest.split('"').next().unwrap().parse().unwrap(),
            None => SocketAddr::from(([0, 0, 0, 0], 0)),
        };
        Self { address, id: child.id(), child: Mutex::new(child), log, _folder: folder }
    }

    /// A client without cookies, on the system's clock.
    pub fn client(&self) -> Client {
        Client::new(self.address, Clock::system())
    }

    /// Sends a GET with these headers.
    pub fn get(&self, path: &str, headers: &[&str]) -> Answer {
        raw::get(self.address, path, headers).expect("an answer")
    }

    /// POSTs a form with these headers.
    pub fn post(&self, path: &str, headers: &[&str], form: &str) -> Answer {
        raw::post(self.address, path, headers, form).expect("an answer")
    }

    /// The metrics server's address, if there is one in the log.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        let log = self.log();
        let rest = log.iter().find_map(|line| line.split("metrics are on http://").nth(1))?;
        Some(rest.strip_suffix("/metrics").unwrap().parse().unwrap())
    }

    /// The lines of the log so far.
    pub fn log(&self) -> Vec<String> {
        self.log.lines()
    }

    /// Whether a line of the log so far contains this text.
    pub fn has_logged(&self, text: &str) -> bool {
        self.log.has(text)
    }

    /// Waits for a line of the log that contains this text.
    pub fn wait_for(&self, text: &str) -> String {
        self.log.wait_for(text)
    }

    pub fn id(&self) -> u32 {
        self.id
    }

    /// Its resident memory in MiB (Linux).
    pub fn memory(&self, which: Memory) -> f64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id)).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(which.name())).unwrap();
        line.split_whitespace().next().unwrap().parse::<f64>().unwrap() / 1024.0
    }

    /// Sends a signal, such as `TERM` or `INT`.
    pub fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        assert!(kill.args(["-s", signal, &self.id.to_string()]).status().unwrap().success());
    }

    /// Waits until it ends.
    pub fn wait(&self) -> ExitStatus {
        self.child.lock().unwrap().wait().unwrap()
    }

    /// Sends SIGTERM, waits until it ends with success, and returns its log.
    pub fn stop(&self) -> Vec<String> {
        self.signal("TERM");
        self.wait_for_success()
    }

    /// Waits until it ends with success, and returns its log.
    pub fn wait_for_success(&self) -> Vec<String> {
        let status = self.wait();
        let log = self.log.wait_for_end();
        assert!(status.success(), "{status}: {log:#?}");
        log
    }

    /// Kills it with SIGKILL.
    pub fn kill(&self) {
        let mut child = self.child.lock().unwrap();
        child.kill().unwrap();
        child.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = self.child.lock().unwrap();
        let _ended_already = child.kill();
        let _ended_already = child.wait();
    }
}

#[derive(Clone, Copy)]
pub enum Memory {
    Now,
    /// The peak so far.
    Peak,
}

impl Memory {
    /// Its name in `/proc/PID/status`.
    fn name(self) -> &'static str {
        match self {
            Self::Now => "VmRSS:",
            Self::Peak => "VmHWM:",
        }
    }
}
