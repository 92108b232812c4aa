//! The whole site: PostgreSQL, two nodes, and a proxy in front of them.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::{Duration, Instant},
};

use tempfile::TempDir;
use test_support::{
    Postgres, Process,
    programs::{find, succeed},
    skip_test, waxseal,
};

use crate::{
    browser::Browser,
    proxy::{Kind, Proxy},
};

/// The site's name, as the configurations have it.
pub const HOST: &str = "example.com";
/// The session's cookie in production.
pub const COOKIE_NAME: &str = "__Host-waxseal";

/// The fields are dropped in this order: the proxy goes first, PostgreSQL last.
pub struct Site {
    pub proxy: Proxy,
    pub nodes: [Process; 2],
    postgres: Postgres,
    directory: TempDir,
}

impl Site {
    /// Starts everything; `None`, with a word about it, where something is not installed.
    pub fn start(kind: Kind) -> Option<Self> {
        Self::start_with(kind, &[], None)
    }

    /// Starts everything, the nodes with more settings, and the proxy so that it sends this host.
    pub fn start_with(kind: Kind, settings: &[(&str, &str)], host: Option<&str>) -> Option<Self> {
        let needed = [kind.program(), "openssl", "curl"];
        let missing: Vec<&str> =
            needed.into_iter().filter(|program| find(&[program]).is_none()).collect();
        if !missing.is_empty() {
            let packages = "nginx caddy openssl curl";
            let why = format!(
                "{} is missing (Debian: apt-get install {packages})",
                missing.join(" and ")
            );
            skip_test("PROXIES", &why);
            return None;
        }
        let postgres = Postgres::start()?;
        let directory = tempfile::tempdir().unwrap();
        // nginx gives up being root.
        fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
        make_certificate(directory.path());
        // One after the other: the first makes the tables.
        let nodes = [start_node(&postgres, settings), start_node(&postgres, settings)];
        let addresses = [nodes[0].address, nodes[1].address];
        let proxy = Proxy::start(kind, directory.path(), addresses, host);
        let site = Self { proxy, nodes, postgres, directory };
        site.wait_for_the_proxy();
        Some(site)
    }

    /// A browser at this address, without a cookie.
    pub fn browser(&self, from: &str) -> Browser {
        Browser::new(from, self.proxy.https, self.proxy.http, self.certificate())
    }

    /// Starts a node that has stopped again, at its address, and waits until it is ready.
    pub fn start_node_again(&self, node: usize) -> Process {
        let address = self.nodes[node].address.to_string();
        let node = start_node(&self.postgres, &[("LISTEN", &address)]);
        eventually(Duration::from_secs(10), "the node is ready", || {
            node.get("/readyz", &[]).status == 200
        });
        node
    }

    /// Every connection is read-only from now on, as after a failover.
    pub fn make_database_read_only(&self) {
        self.postgres.sql("ALTER SYSTEM SET default_transaction_read_only = on");
        self.postgres.reload();
    }

    /// Whether the proxy writes an access log.
    pub fn has_access_log(&self) -> bool {
        self.access_log().is_file()
    }

    fn access_log(&self) -> PathBuf {
        self.directory.path().join("access.log")
    }

    /// What the proxy has written, to its own log and to its access log.
    pub fn logs_of_the_proxy(&self) -> String {
        self.proxy.log() + &fs::read_to_string(self.access_log()).unwrap_or_default()
    }

    fn wait_for_the_proxy(&self) {
        let visitor = self.browser("127.0.0.1");
        let url = format!("https://{HOST}:{}/healthz", self.proxy.https);
        let until = Instant::now() + Duration::from_secs(30);
        while visitor.ask(&[], &url).is_none_or(|answer| answer.status != 200) {
            assert!(Instant::now() < until, "the proxy does not answer: {}", self.proxy.log());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn certificate(&self) -> PathBuf {
        self.directory.path().join("fullchain.pem")
    }
}

/// Asks until it is so, and not for ever.
pub fn eventually(limit: Duration, what: &str, mut so: impl FnMut() -> bool) {
    let until = Instant::now() + limit;
    while !so() {
        assert!(Instant::now() < until, "not within {limit:?}: {what}");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The server as a process, in production behind a proxy.
fn start_node(postgres: &Postgres, settings: &[(&str, &str)]) -> Process {
    waxseal!()
        .set("APP_ENV", "production")
        .set("DATABASE_URL", &postgres.url())
        .set("SESSION_SECRET", "a secret that both of the nodes have")
        .set("TRUSTED_PROXIES", "127.0.0.1")
        .serve_with(&[], settings)
}

fn make_certificate(directory: &Path) {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(directory).args(["req", "-x509", "-nodes", "-days", "2"]);
    openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]);
    openssl.args(["-subj", &format!("/CN={HOST}"), "-addext"]);
    openssl.arg(format!("subjectAltName=DNS:{HOST}"));
    succeed(openssl.args(["-keyout", "privkey.pem", "-out", "fullchain.pem"]));
}
