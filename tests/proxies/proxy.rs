//! nginx and Caddy, run with the configurations in docs/deploy.

use std::{
    fs,
    net::{SocketAddr, TcpListener},
    path::Path,
    process::Command,
};

use test_support::{
    ExternalServer,
    programs::{find, succeed},
};

const NGINX: &str = include_str!("../../docs/deploy/nginx.conf");
const CADDY: &str = include_str!("../../docs/deploy/Caddyfile");

#[derive(Clone, Copy)]
pub enum Kind {
    Nginx,
    Caddy,
}

impl Kind {
    pub fn program(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Caddy => "caddy",
        }
    }
}

/// A proxy on ports of its own.
pub struct Proxy {
    process: ExternalServer,
    pub https: u16,
    pub http: u16,
}

impl Proxy {
    /// Starts it with its configuration in this directory, where the certificate is, too. With a host
    /// it sends that one to the nodes, not the browser's.
    pub fn start(kind: Kind, directory: &Path, nodes: [SocketAddr; 2], host: Option<&str>) -> Self {
        let [https, http, spare, other] = free_ports();
        let (file, text) = match kind {
            Kind::Nginx => ("nginx.conf", nginx(directory, [https, http, spare, other])),
            Kind::Caddy => ("Caddyfile", caddy(directory, [https, http, spare])),
        };
        let [first, second] = nodes.map(|address| address.to_string());
        let text = replace(&text, &[("10.0.0.11:8080", &first), ("10.0.0.12:8080", &second)]);
        let text = match host {
            Some(host) => with_host(kind, &text, host),
            None => text,
        };
        let file = directory.join(file);
        fs::write(&file, text).unwrap();

        let program = find(&[kind.program()]).unwrap();
        let command = |arguments: &[&str], more: &[&str]| {
            let mut command = Command::new(&program);
            // Where Caddy keeps things.
            command.env("XDG_DATA_HOME", directory).env("XDG_CONFIG_HOME", directory);
            command.env("HOME", directory).args(arguments).arg(&file).args(more);
            command
        };
        let (mut check, run) = match kind {
            Kind::Nginx => {
                (command(&["-t", "-c"], &[]), command(&["-g", "daemon off;", "-c"], &[]))
            }
            Kind::Caddy => {
                let adapter = ["--adapter", "caddyfile"];
                (
                    command(&["validate", "--config"], &adapter),
                    command(&["run", "--config"], &adapter),
                )
            }
        };
        succeed(&mut check);
        Self { process: ExternalServer::start(&run, "TERM", directory.join("log")), https, http }
    }

    pub fn log(&self) -> String {
        self.process.log()
    }
}

fn nginx(directory: &Path, [https, http, spare, other]: [u16; 4]) -> String {
    let directory = directory.display().to_string();
    // Where it would put what does not fit into memory: the paths that are compiled in are root's.
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("    {kind}_temp_path {directory}/{kind};\n"))
        .concat();
    replace(
        NGINX,
        &[
            ("http {\n", &format!("http {{\n{paths}")),
            ("listen [::]:443", &format!("listen 127.0.0.1:{spare}")),
            ("listen [::]:80", &format!("listen 127.0.0.1:{other}")),
            ("listen 443", &format!("listen 127.0.0.1:{https}")),
            ("listen 80", &format!("listen 127.0.0.1:{http}")),
            ("https://example.com$", &format!("https://example.com:{https}$")),
            ("/etc/letsencrypt/live/example.com/", &format!("{directory}/")),
            ("/var/log/nginx/", &format!("{directory}/")),
            ("/run/nginx.pid", &format!("{directory}/nginx.pid")),
        ],
    )
}

fn caddy(directory: &Path, [https, http, admin]: [u16; 3]) -> String {
    let directory = directory.display().to_string();
    // As the file says about Debian's.
    let buffers = match version_of_caddy().starts_with("2.6.2") {
        true => "buffer_requests\n\t\tmax_buffer_size 16KiB\n",
        false => "request_buffers 16KiB\n",
    };
    replace(
        CADDY,
        &[
            ("request_buffers 16KiB\n", buffers),
            ("https_port 443", &format!("https_port {https}")),
            ("http_port 80", &format!("http_port {http}")),
            ("localhost:2019", &format!("127.0.0.1:{admin}")),
            ("\nexample.com {\n", "\nexample.com {\n\tbind 127.0.0.1\n"),
            ("#tls ", "tls "),
            ("/etc/caddy/tls/", &format!("{directory}/")),
        ],
    )
}

/// The configuration of a proxy that changes Host.
fn with_host(kind: Kind, text: &str, host: &str) -> String {
    let (line, changed) = match kind {
        Kind::Nginx => ("Host $http_host;", format!("Host {host};")),
        Kind::Caddy => (
            "lb_policy round_robin\n",
            format!("lb_policy round_robin\n\t\theader_up Host {host}\n"),
        ),
    };
    replace(text, &[(line, &changed)])
}

/// Such as 2.6.2; some say v2.6.2, and go on.
fn version_of_caddy() -> String {
    let output = Command::new(find(&["caddy"]).unwrap()).arg("version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.trim_start_matches('v').split_whitespace().next().unwrap_or_default().to_owned()
}

/// Puts one text in place of another; each has to be there.
fn replace(text: &str, pairs: &[(&str, &str)]) -> String {
    pairs.iter().fold(text.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "{from:?} is not in {text}");
        text.replace(from, to)
    })
}

/// Ports without a listener.
fn free_ports() -> [u16; 4] {
    // All at once, so that they differ.
    let held = [(); 4].map(|()| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}
