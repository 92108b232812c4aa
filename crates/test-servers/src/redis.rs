//! Redis servers for the tests.

use std::{
    env, fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use tempfile::TempDir;

use crate::{ExternalServer, skip_test};

/// A Redis or Valkey server on loopback with its own directory, from the system's packages. It is killed
/// when dropped, or when this process ends.
pub struct Redis {
    programs: Programs,
    directory: TempDir,
    port: u16,
    settings: Vec<String>,
    server: Option<ExternalServer>,
}

impl Redis {
    /// Starts a server that loses its data when it stops. Skips the test and returns `None` if neither
    /// Redis nor Valkey is installed.
    pub fn start() -> Option<Self> {
        Self::start_with(&["--appendonly", "no"])
    }

    /// Starts a server that keeps its data, like [`start`](Self::start).
    pub fn start_persistent() -> Option<Self> {
        Self::start_with(&["--appendonly", "yes"])
    }

    /// Starts a server with more arguments, like [`start`](Self::start).
    pub fn start_with(settings: &[&str]) -> Option<Self> {
        let Some(programs) = Programs::find() else {
            skip_test("REDIS", "Redis is missing (Debian: apt-get install redis-server)");
            return None;
        };
        let settings = settings.iter().map(|setting| (*setting).to_owned()).collect();
        let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
        let mut redis = Self { programs, directory, port, settings, server: None };
        redis.start_again();
        Some(redis)
    }

    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Runs a command with redis-cli. Returns its output.
    pub fn command(&self, command: &[&str]) -> String {
        let output = self.cli().args(command).output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// The output of [`command`](Self::command), line by line.
    pub fn lines(&self, command: &[&str]) -> Vec<String> {
        let output = self.command(command);
        output.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// redis-cli for this server.
    pub(crate) fn cli(&self) -> Command {
        let mut cli = Command::new(&self.programs.cli);
        cli.args(["-h", "127.0.0.1", "-p", &self.port.to_string()]);
        cli
    }

    /// The server's log since its last start.
    pub fn log(&self) -> String {
        fs::read_to_string(self.log_file()).unwrap_or_default()
    }

    /// Kills the server, as a crash would.
    pub fn stop(&mut self) {
        self.server = None;
    }

    /// Starts the server again, on the same data if it is persistent.
    pub fn start_again(&mut self) {
        let mut server = Command::new(&self.programs.server);
        server.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        server.arg("--dir").arg(self.directory.path()).args(&self.settings);
        self.server = Some(ExternalServer::start(&server, "KILL", self.log_file()));
        self.wait_until_it_answers();
    }

    fn wait_until_it_answers(&self) {
        for _ in 0..600 {
            let answer = self.cli().arg("ping").output().unwrap();
            if answer.stdout.trim_ascii() == b"PONG" {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("Redis does not answer: {}", self.log());
    }

    fn log_file(&self) -> PathBuf {
        self.directory.path().join("log")
    }
}

/// The programs of Redis or Valkey.
pub(crate) struct Programs {
    pub(crate) server: PathBuf,
    cli: PathBuf,
}

impl Programs {
    pub(crate) fn find() -> Option<Self> {
        ["redis", "valkey"].into_iter().find_map(|name| {
            let [server, cli] = [format!("{name}-server"), format!("{name}-cli")];
            Some(Self { server: find(&server)?, cli: find(&cli)? })
        })
    }
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&path).chain([PathBuf::from("/usr/sbin")]);
    folders.map(|folder| folder.join(program)).find(|program| Path::exists(program))
}

pub(crate) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}
