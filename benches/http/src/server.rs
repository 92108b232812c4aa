//! Starts a server to measure, logs in to it, and stops it.

use std::{
    env,
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::Duration,
};

use tempfile::TempDir;
use waxseal_session::Clock;

use crate::{
    Outcome,
    contenders::{Contender, NODE, Server},
    cores::Cores,
    databases::{Databases, free_port},
    http,
    servers::STATE,
};

/// How long to wait for a server's first response.
const START_TIMEOUT: Duration = Duration::from_secs(60);
/// Signs up.
const FORM: &str = "email=ann%40example.com&password=violet+anvil+forty+marmots";

/// A server process. It stops when dropped.
pub struct Running {
    process: Child,
    pub port: u16,
    /// The time from its start to its first response.
    pub start: Duration,
    /// Its data folder.
    _folder: TempDir,
}

impl Running {
    /// Starts a server on its processor, and waits until it answers.
    pub fn start(contender: &Contender, databases: &Databases, cores: &Cores) -> Outcome<Self> {
        let folder = tempfile::tempdir()?;
        let database = databases.url(contender.database, folder.path());
        let port = free_port()?;
        let mut program = command(contender.server, port, &database, folder.path())?;
        program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let clock = Clock::system();
        let process = cores.spawn_server(&mut program)?;
        let mut running = Self { process, port, start: Duration::ZERO, _folder: folder };
        while http::get(port, contender.path, "").is_none() {
            if let Some(status) = running.process.try_wait()? {
                return Err(format!("it ended: {status}").into());
            }
            if clock.elapsed() > START_TIMEOUT {
                return Err("it does not answer".into());
            }
            thread::sleep(Duration::from_micros(500));
        }
        running.start = clock.elapsed();
        Ok(running)
    }

    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// Opens a session. Returns its cookie.
    pub fn log_in(&self, server: Server) -> Outcome<String> {
        let answer = match server {
            Server::Bare | Server::BareNode => return Ok("session=nobody-reads-it".to_owned()),
            // As long as the sealed one of the same state.
            Server::BareWithCookie | Server::Filled => {
                return Ok(format!("session={}", "x".repeat(466)));
            }
            Server::Waxseal => http::post(self.port, "/signup", FORM),
            _ => http::post(self.port, "/login", ""),
        };
        let answer = answer.ok_or("no answer")?;
        let cookie = http::cookie(&answer).ok_or_else(|| format!("no cookie in {answer:?}"))?;
        Ok(cookie.to_owned())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ended_already = self.process.kill();
        let _ended_already = self.process.wait();
    }
}

fn command(server: Server, port: u16, database: &str, folder: &Path) -> Outcome<Command> {
    let this = env::current_exe()?;
    let ours = |name: &str| {
        let mut command = Command::new(&this);
        command.args(["serve", name, &port.to_string(), database]);
        command
    };
    let node = |script: &str| {
        let mut command = Command::new("node");
        command.args([&format!("{NODE}/{script}"), &port.to_string()]);
        command.env("STATE", STATE).env("PAGE", include_str!("servers/page.html"));
        command.env("NODE_ENV", "production");
        command
    };
    Ok(match server {
        Server::Bare | Server::BareWithCookie => ours("bare"),
        Server::Filled => ours("filled"),
        Server::Layer(name) | Server::ActixSession(name) => ours(name),
        Server::Waxseal => {
            let mut command = Command::new(this.with_file_name("waxseal"));
            // Without settings from the environment.
            command.env_clear().current_dir(folder);
            command.env("DATABASE_URL", database).env("LISTEN", format!("127.0.0.1:{port}"));
            command
        }
        Server::BareNode => node("bare.js"),
        Server::IronSession => node("iron-session.js"),
    })
}
