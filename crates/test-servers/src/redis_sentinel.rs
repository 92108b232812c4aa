//! A Redis server with a replica and a sentinel, for the tests.

use std::{fs, process::Command, thread, time::Duration};

use tempfile::TempDir;

use crate::{
    ExternalServer, Redis,
    redis::{Programs, free_port},
};

/// A Redis server, its replica, and a sentinel that makes the replica the master when the server is down
/// for a second.
pub struct RedisSentinel {
    pub master: Redis,
    pub replica: Redis,
    port: u16,
    _sentinel: ExternalServer,
    _directory: TempDir,
}

impl RedisSentinel {
    /// What the sentinel calls the master.
    pub const NAME: &str = "sessions";

    /// Starts the servers. Skips the test and returns `None` if Redis is not installed.
    pub fn start() -> Option<Self> {
        let master = Redis::start()?;
        let replica_of = format!("127.0.0.1 {}", master.port());
        let replica =
            Redis::start_with(&["--replicaof", &replica_of, "--repl-diskless-sync-delay", "0"])?;
        let (directory, port) = (tempfile::tempdir().unwrap(), free_port());
        let file = directory.path().join("sentinel.conf");
        let name = Self::NAME;
        let settings = format!(
            "port {port}\nbind 127.0.0.1\ndir {}\n\
             sentinel monitor {name} 127.0.0.1 {} 1\n\
             sentinel down-after-milliseconds {name} 1000\n\
             sentinel failover-timeout {name} 5000\n",
            directory.path().display(),
            master.port(),
        );
        fs::write(&file, settings).unwrap();
        let mut server = Command::new(Programs::find()?.server);
        server.arg(&file).arg("--sentinel");
        let log = directory.path().join("log");
        let sentinel = ExternalServer::start(&server, "KILL", log);
        let servers = Self { master, replica, port, _sentinel: sentinel, _directory: directory };
        servers.wait_until_it_knows_the_replica();
        Some(servers)
    }

    /// The sentinel's URL.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    fn wait_until_it_knows_the_replica(&self) {
        for _ in 0..600 {
            let replication = self.replica.command(&["info", "replication"]);
            let mut cli = self.master.cli();
            cli.args(["-p", &self.port.to_string(), "sentinel", "replicas", Self::NAME]);
            let replicas = String::from_utf8(cli.output().unwrap().stdout).unwrap();
            if replication.contains("master_link_status:up")
                && replicas.contains(&self.replica.port().to_string())
            {
                return;
            }
            thread::sleep(Duration::from_millis(100));
        }
        panic!("the sentinel does not know the replica: {}", self._sentinel.log());
    }
}
