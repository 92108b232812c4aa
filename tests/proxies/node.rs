//! The server as a process, in production behind a proxy.

use std::{net::SocketAddr, path::Path, process::Command, time::Duration};

use crate::{
    browser::{Answer, curl},
    site::eventually,
    watched::Watched,
};

/// A node that listens.
pub struct Node {
    process: Watched,
    pub address: SocketAddr,
}

impl Node {
    pub fn start(directory: &Path, name: &str, database_url: &str) -> Self {
        let mut program = Command::new(env!("CARGO_BIN_EXE_waxseal"));
        program.current_dir(directory).envs([
            ("APP_ENV", "production"),
            ("LISTEN", "127.0.0.1:0"),
            ("DATABASE_URL", database_url),
            ("SESSION_SECRET", "a secret that both of the nodes have"),
            ("TRUSTED_PROXIES", "127.0.0.1"),
        ]);
        let process = Watched::start(&program, directory.join(name));
        let mut address = None;
        eventually(Duration::from_secs(30), "the node listens", || {
            let log = process.log();
            let found = log.split_once("listens on http://").and_then(|(_, rest)| {
                let (address, _) = rest.split_once('\n')?;
                address.parse().ok()
            });
            address = found;
            address.is_some()
        });
        Self { process, address: address.unwrap() }
    }

    /// What it answers when it is asked directly, with this cookie.
    pub fn get(&self, path: &str, session: &str) -> Answer {
        let mut curl = curl();
        curl.args(["--cookie", &format!("__Host-session={session}")]);
        Answer::of(curl.arg(format!("http://{}{path}", self.address))).unwrap()
    }

    pub fn log(&self) -> String {
        self.process.log()
    }

    pub fn stop(&self) {
        self.process.stop();
    }
}
