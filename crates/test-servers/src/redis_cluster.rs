//! A Redis cluster for the tests.

use std::{thread, time::Duration};

use crate::{Redis, redis::free_port};

/// The servers that redis-cli needs at least.
const SERVERS: usize = 3;

/// A cluster of three Redis servers without replicas.
pub struct RedisCluster(Vec<Redis>);

impl RedisCluster {
    /// Starts a cluster. Skips the test and returns `None` if Redis is not installed.
    pub fn start() -> Option<Self> {
        let servers = (0..SERVERS).map(|_| Self::start_server()).collect::<Option<Vec<_>>>()?;
        let addresses = servers.iter().map(|server| format!("127.0.0.1:{}", server.port()));
        let mut create = servers[0].cli();
        create.args(["--cluster", "create"]).args(addresses).arg("--cluster-yes");
        let output = create.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        let cluster = Self(servers);
        cluster.wait_until_it_is_complete();
        Some(cluster)
    }

    fn start_server() -> Option<Redis> {
        let bus = free_port().to_string();
        Redis::start_with(&["--cluster-enabled", "yes", "--cluster-port", &bus])
    }

    pub fn urls(&self) -> Vec<String> {
        self.0.iter().map(Redis::url).collect()
    }

    pub fn servers(&self) -> &[Redis] {
        &self.0
    }

    fn wait_until_it_is_complete(&self) {
        for _ in 0..600 {
            let is_ok = |server: &Redis| {
                let info = server.command(&["cluster", "info"]);
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            };
            if self.0.iter().all(is_ok) {
                return;
            }
            thread::sleep(Duration::from_millis(50));
        }
        panic!("the cluster is not complete: {}", self.0[0].log());
    }
}
