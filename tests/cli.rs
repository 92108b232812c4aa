//! The command, as people run it: what it prints, what it refuses, how it starts and stops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::HashSet,
    fs,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::Path,
    process::{Child, Command, Output, Stdio},
    sync::mpsc::{Receiver, channel},
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use tempfile::TempDir;

const SECRET: &str = "a secret that is long enough for it";
/// Too short, and never to be seen again.
const BAD_SECRET: &str = "hunter2hunter2";

#[test]
fn secret_prints_a_new_secret_each_time() {
    let place = Place::new();
    let secrets: HashSet<String> = (0..3)
        .map(|_| {
            let output = place.run(&["secret"]);
            assert!(output.status.success());
            assert_eq!(stderr(&output), "");
            let printed = String::from_utf8(output.stdout).unwrap();
            let secret = printed.strip_suffix('\n').unwrap().to_owned();
            assert_eq!(secret.len(), 44);
            assert_eq!(BASE64_STANDARD.decode(&secret).unwrap().len(), 32);
            secret
        })
        .collect();
    assert_eq!(secrets.len(), 3);
}

#[test]
fn a_printed_secret_is_one_that_production_takes() {
    let place = Place::new();
    let secret = String::from_utf8(place.run(&["secret"]).stdout).unwrap();
    place.write(".env", &format!("APP_ENV=production\nSESSION_SECRET={secret}"));
    let mut server = place.serve(&[], &[]);
    assert!(server.get("/login").starts_with("HTTP/1.1 200 "));
    server.stop("TERM");
}

#[test]
fn secret_needs_no_settings_and_minds_no_bad_ones() {
    let place = Place::new();
    let output = place.run_with(&["secret"], &[("APP_ENV", "bad"), ("SESSION_SECRET", BAD_SECRET)]);
    assert!(output.status.success(), "{}", stderr(&output));
}

#[test]
fn every_command_has_help_and_a_version() {
    let place = Place::new();
    let environment = [("SESSION_SECRET", SECRET), ("DATABASE_URL", BAD_SECRET)];
    for command in [&[][..], &["serve"], &["secret"]] {
        let output = place.run_with(&[command, &["--help"]].concat(), &environment);
        let help = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{command:?}");
        assert!(help.contains("Usage: waxseal"), "{command:?}: {help}");
        assert_eq!(help.contains("--session-secret-fallbacks"), command != ["secret"]);
        assert!(!help.contains(SECRET) && !help.contains(BAD_SECRET), "{command:?}: {help}");

        let output = place.run(&[command, &["--version"]].concat());
        let version = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{command:?}");
        assert!(version.trim_end().ends_with(env!("CARGO_PKG_VERSION")), "{command:?}: {version}");
    }
}

#[test]
fn the_example_file_has_every_setting_and_the_help_too() {
    let place = Place::new();
    let help = String::from_utf8(place.run(&["serve", "--help"]).stdout).unwrap();
    let example = include_str!("../.env.example");
    let variables = |text: &str, start: &str, end: char| -> HashSet<String> {
        let rests = text.split(start).skip(1);
        let names = rests.filter_map(|rest| rest.split_once(end)).map(|(name, _)| name.to_owned());
        names.filter(|name| name.chars().all(|c| c.is_ascii_uppercase() || c == '_')).collect()
    };
    let in_help = variables(&help, "[env: ", ']');
    assert!(in_help.len() >= 15, "{help}");
    assert_eq!(in_help, variables(example, "\n#", '='));
}

#[test]
fn a_bad_setting_stops_the_start_with_one_line_that_names_it() {
    for (setting, value, allowed) in [
        ("APP_ENV", "prod", "development or production"),
        ("LISTEN", "8080", "127.0.0.1:8080"),
        ("LISTEN", "0.0.0.0:0", "loopback"),
        ("LISTEN", "127.0.0.1:99999", "127.0.0.1:8080"),
        ("METRICS_LISTEN", "9090", "127.0.0.1:9090"),
        ("METRICS_LISTEN", "0.0.0.0:0", "loopback"),
        ("DATABASE_URL", "mysql://me:hunter2@db/x", "sqlite://"),
        ("DATABASE_URL", "sqlite://no/such/directory/waxseal.db", "no/such/directory"),
        ("SESSION_SECRET", BAD_SECRET, "32"),
        ("SESSION_SECRET", "replace-me-with-what-waxseal-secret-prints", "example"),
        ("SESSION_SECRET_FALLBACKS", "a secret that is long enough for us,hunter2", "32"),
        ("SESSION_MODE", "redis", "cookie or database"),
        ("SESSION_IDLE_TIMEOUT", "0s", "1s"),
        ("SESSION_IDLE_TIMEOUT", "a week", "7d"),
        ("SESSION_LIFETIME", "1h", "idle timeout"),
        ("SESSION_REFRESH_BELOW", "8d", "idle timeout"),
        ("SESSION_COOKIE_NAME", "a b", ""),
        ("PUBLIC_URL", "example.com", "https://example.com"),
        ("TRUSTED_PROXIES", "127.0.0.1, nginx", "10.0.0.0/8"),
        ("PASSWORD_MIN_LENGTH", "7", "8"),
    ] {
        let place = Place::new();
        let flag = format!("--{}={value}", setting.to_lowercase().replace('_', "-"));
        let quiet = ("RUST_LOG", "error");
        let from_flag = place.run_with(&["serve", &flag], &[quiet]);
        let short_form = place.run_with(&[&flag], &[quiet]);
        let from_environment = place.run_with(&[], &[quiet, (setting, value)]);
        place.write(".env", &format!("{setting}='{value}'"));
        let from_file = place.run_with(&["serve"], &[quiet]);
        for output in [from_flag, short_form, from_environment, from_file] {
            let line = refusal(&output);
            assert!(line.starts_with(&format!("waxseal: {setting}: ")), "{line}");
            assert!(line.contains(allowed), "{line}");
            for secret in ["hunter2", "replace-me", "long enough"] {
                assert!(!line.contains(secret), "{line}");
            }
        }
    }
}

#[test]
fn production_without_a_secret_does_not_start() {
    let line = refusal(&Place::new().run(&["--app-env", "production"]));
    assert!(line.starts_with("waxseal: SESSION_SECRET: is missing"), "{line}");
}

#[test]
fn another_bad_setting_does_not_bring_out_the_secret() {
    let place = Place::new();
    for setting in ["APP_ENV", "LISTEN", "SESSION_MODE"] {
        let environment = [("SESSION_SECRET", SECRET), (setting, "bad")];
        let line = refusal(&place.run_with(&[], &environment));
        assert!(line.starts_with(&format!("waxseal: {setting}: ")), "{line}");
        assert!(!line.contains(SECRET), "{line}");
    }
}

#[test]
fn a_line_of_the_file_that_cannot_be_read_is_not_repeated() {
    let place = Place::new();
    for line in [format!("SESSION_SECRET {BAD_SECRET}"), format!("SESSION_SECRET='{BAD_SECRET}")] {
        place.write(".env", &line);
        let line = refusal(&place.run(&[]));
        assert!(line.starts_with("waxseal: .env: "), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let place = Place::new();
    let named = |output: Output| refusal(&output).split('"').nth(1).unwrap().to_owned();
    place.write(".env", "APP_ENV=from-the-file");
    let environment = [("APP_ENV", "from-the-environment")];
    for command in [&[][..], &["serve"]] {
        assert_eq!(named(place.run(command)), "from-the-file");
        assert_eq!(named(place.run_with(command, &environment)), "from-the-environment");
        let flag = [command, &["--app-env", "from-the-flag"]].concat();
        assert_eq!(named(place.run_with(&flag, &environment)), "from-the-flag");
    }
}

#[test]
fn an_unknown_flag_or_command_is_refused() {
    let place = Place::new();
    for arguments in [&["--session-secert", BAD_SECRET][..], &["sreve"], &["secret", "--listen"]] {
        let output = place.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        assert!(stderr(&output).starts_with("error: "), "{}", stderr(&output));
        assert!(!stderr(&output).contains(BAD_SECRET), "{}", stderr(&output));
    }
}

#[cfg(unix)]
#[test]
fn a_setting_that_is_not_utf_8_is_refused_and_not_shown() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let place = Place::new();
    let value = OsStr::from_bytes(b"hunter2hunter2hunter2hunter2hunter2\xff");
    let line = refusal(&place.command(&[]).env("SESSION_SECRET", value).output().unwrap());
    assert_eq!(line, "waxseal: SESSION_SECRET: must be UTF-8");
    let line = refusal(&place.command(&["--listen"]).arg(value).output().unwrap());
    assert_eq!(line, "waxseal: an argument: must be UTF-8");
}

#[test]
fn it_starts_with_nothing_configured() {
    let place = Place::new();
    let mut server = place.serve(&["--listen", "127.0.0.1:0"], &[]);
    assert!(server.log.iter().any(|line| line.contains("SESSION_SECRET is not set")), "a warning");
    let page = server.get("/login");
    assert!(page.starts_with("HTTP/1.1 200 "), "{page}");
    assert!(page.contains("<h1>Log in</h1>"), "{page}");
    assert!(place.path().join("waxseal.db").is_file(), "the database is where it was started");
    server.stop("TERM");
}

#[test]
fn the_log_has_no_secret_no_password_no_address_and_no_cookie() {
    let place = Place::new();
    let mut server = place.serve(&[], &[("SESSION_SECRET", SECRET), ("RUST_LOG", "debug")]);
    let form = "email=ann%40example.com&password=violet+anvil+forty+marmots";
    let answer = server.post("/signup", form);
    let token = answer.split("waxseal=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    assert!(server.post("/login", form).starts_with("HTTP/1.1 303 "));
    assert!(server.post("/login", &format!("{form}x")).starts_with("HTTP/1.1 422 "));
    server.get("/admin/users?q=ann@example.com");
    server.stop("TERM");
    let log = server.log.join("\n");
    assert!(log.contains("signed up: user "), "{log}");
    assert!(log.contains("\"GET /admin/users\" 303 "), "{log}");
    for private in [SECRET, "marmots", "ann@example.com", "ann%40", &token, "$argon2"] {
        assert!(!log.contains(private), "{private} is in {log}");
    }
}

#[test]
fn the_log_says_who_asked_and_not_which_proxy_passed_it_on() {
    for (proxies, address) in [("127.0.0.0/8, ::1", "203.0.113.9"), ("10.0.0.1", "127.0.0.1")] {
        let place = Place::new();
        let mut server = place.serve(&["--trusted-proxies", proxies], &[]);
        let form = "email=ann%40example.com&password=violet+anvil+forty+marmots";
        let request = format!(
            "POST /signup HTTP/1.1\r\nHost: waxseal\r\nConnection: close\r\n\
             X-Forwarded-For: 198.51.100.7\r\nX-Forwarded-For: 203.0.113.9, 127.0.0.9\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            form.len()
        );
        let mut stream = TcpStream::connect(server.address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 303 "), "{answer}");
        server.stop("TERM");
        let log = server.log.join("\n");
        assert!(log.contains(&format!("] {address} \"POST /signup\" 303 ")), "{log}");
        let signed_up = log.lines().find(|line| line.contains("signed up: user ")).unwrap();
        assert!(signed_up.ends_with(&format!(" from {address}")), "{log}");
    }
}

#[test]
fn a_port_in_use_is_one_clear_line() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for setting in ["LISTEN", "METRICS_LISTEN"] {
        let place = Place::new();
        let mut command = place.command(&[]);
        command.env("SESSION_SECRET", SECRET).env("LISTEN", "127.0.0.1:0").env(setting, &address);
        let line = refusal(&command.output().unwrap());
        let start = format!("waxseal: {setting}: {address} can't be bound: ");
        assert!(line.starts_with(&start), "{line}");
        assert!(line.contains("in use"), "{line}");
    }
}

#[test]
fn a_file_that_is_no_database_is_one_clear_line() {
    let place = Place::new();
    place.write("waxseal.db", &"this is no database".repeat(100));
    let environment = [("SESSION_SECRET", SECRET), ("LISTEN", "127.0.0.1:0")];
    let line = refusal(&place.run_with(&[], &environment));
    assert!(line.starts_with("waxseal: DATABASE_URL: "), "{line}");
    assert!(line.contains("not a database"), "{line}");
}

#[test]
fn the_metrics_count_what_happens() {
    let place = Place::new();
    let mut server = place.serve(&[], &[("METRICS_LISTEN", "127.0.0.1:0")]);
    let right = "email=ann%40example.com&password=violet+anvil+forty+marmots";
    let cookie_of = |answer: String| {
        let token = answer.split("set-cookie: waxseal=").nth(1).expect(&answer).split(';').next();
        format!("waxseal={}", token.unwrap())
    };
    server.post("/signup", right);
    for _ in 0..2 {
        assert!(server.post("/login", &format!("{right}x")).starts_with("HTTP/1.1 422 "));
    }
    let cookie = cookie_of(server.post("/login", right));
    assert!(server.get_with("/profile", &cookie).starts_with("HTTP/1.1 200 "));
    server.post_with("/profile/delete", "password=another", &cookie);
    server.post_with("/logout", "", &cookie);
    // Revoked; changed; no token; one too many.
    let middle = cookie.len() / 2;
    let other = if cookie[middle..].starts_with('A') { "B" } else { "A" };
    let changed = [&cookie[..middle], other, &cookie[middle + 1..]].concat();
    for worthless in [&cookie, &changed, "waxseal=garbage", "waxseal=a; waxseal=b"] {
        assert!(server.get_with("/profile", worthless).starts_with("HTTP/1.1 303 "));
    }
    ask(server.address, "BREW", "/", "");

    let metrics = Metrics::of(&server);
    for (series, count) in [
        (r#"waxseal_logins_total{outcome="granted"}"#, 1.0),
        (r#"waxseal_logins_total{outcome="refused"}"#, 3.0),
        ("waxseal_signups_total", 1.0),
        ("waxseal_sessions_opened_total", 2.0),
        ("waxseal_sessions_refreshed_total", 0.0),
        ("waxseal_sessions_revoked_total", 1.0),
        (r#"waxseal_cookies_rejected_total{reason="revoked"}"#, 1.0),
        (r#"waxseal_cookies_rejected_total{reason="forged"}"#, 1.0),
        (r#"waxseal_cookies_rejected_total{reason="malformed"}"#, 1.0),
        (r#"waxseal_cookies_rejected_total{reason="several"}"#, 1.0),
        (r#"waxseal_cookies_rejected_total{reason="expired"}"#, 0.0),
        ("waxseal_revocation_list_entries", 1.0),
        // Sign-up, the log-ins, the deletion.
        ("waxseal_password_hashing_seconds_count", 5.0),
        (r#"waxseal_http_request_duration_seconds_count{method="GET",status="2xx"}"#, 1.0),
        (r#"waxseal_http_request_duration_seconds_count{method="GET",status="3xx"}"#, 4.0),
        (r#"waxseal_http_request_duration_seconds_count{method="POST",status="3xx"}"#, 3.0),
        (r#"waxseal_http_request_duration_seconds_count{method="POST",status="4xx"}"#, 3.0),
        (r#"waxseal_http_request_duration_seconds_count{method="other",status="4xx"}"#, 1.0),
    ] {
        assert_eq!(metrics.value(series), count, "{series}: {}", metrics.0);
    }
    assert!(metrics.value("waxseal_password_hashing_seconds_sum") > 0.0);
    assert!(metrics.value("waxseal_revocation_feed_age_seconds") < 30.0);
    for private in ["ann", "garbage", "BREW", "profile", cookie.as_str()] {
        assert!(!metrics.0.contains(private), "{private} is in {}", metrics.0);
    }
    server.stop("TERM");
}

#[test]
fn the_metrics_count_sessions_that_are_refreshed() {
    let place = Place::new();
    let always = [("SESSION_REFRESH_BELOW", "7d"), ("METRICS_LISTEN", "127.0.0.1:0")];
    let mut server = place.serve(&[], &always);
    let form = "email=ann%40example.com&password=violet+anvil+forty+marmots";
    let answer = server.post("/signup", form);
    let token = answer.split("waxseal=").nth(1).unwrap().split(';').next().unwrap();
    // An expiry is in whole seconds, so it moves with the next of them.
    let refreshed = || server.get_with("/profile", &format!("waxseal={token}"));
    while !refreshed().contains("set-cookie: waxseal=") {}
    assert!(Metrics::of(&server).value("waxseal_sessions_refreshed_total") >= 1.0);
    server.stop("TERM");
}

#[test]
fn every_metric_is_described_in_the_answer_and_in_the_documentation() {
    let place = Place::new();
    let mut server = place.serve(&[], &[("METRICS_LISTEN", "127.0.0.1:0")]);
    server.get("/login");
    let Metrics(text) = Metrics::of(&server);
    let documentation = include_str!("../docs/metrics.md");
    let types: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    for line in &types {
        let (name, kind) = line.split_once(' ').unwrap();
        assert!(text.lines().any(|help| help.starts_with(&format!("# HELP {name} "))), "{name}");
        assert!(documentation.contains(&format!("| `{name}` | {kind} |")), "{name} {kind}");
    }
    assert_eq!(types.len(), documentation.matches("| `waxseal_").count(), "{text}");
    server.stop("TERM");
}

#[test]
fn the_metrics_are_on_their_own_address_and_nowhere_else() {
    let place = Place::new();
    let mut server = place.serve(&[], &[("METRICS_LISTEN", "127.0.0.1:0")]);
    let metrics = server.metrics_address().unwrap();
    let answer = ask(metrics, "GET", "/metrics", "");
    let kind = "\r\ncontent-type: text/plain; version=0.0.4; charset=utf-8\r\n";
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.contains(kind), "{answer}");
    for header in ["content-security-policy: default-src 'none'", "x-content-type-options: nosniff"]
    {
        assert!(answer.contains(header), "{header}: {answer}");
    }
    let answer = ask(metrics, "HEAD", "/metrics", "");
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
    for path in ["/", "/login", "/healthz", "/metrics/"] {
        assert!(ask(metrics, "GET", path, "").starts_with("HTTP/1.1 404 "), "{path}");
    }
    let answer = ask(metrics, "POST", "/metrics", "");
    assert!(answer.starts_with("HTTP/1.1 405 ") && answer.contains("\r\nallow: "), "{answer}");
    assert!(server.get("/metrics").starts_with("HTTP/1.1 404 "));
    server.stop("TERM");
    assert!(TcpStream::connect(metrics).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn without_the_setting_nothing_listens_but_the_site() {
    for (address, listening) in [("", 1), ("127.0.0.1:0", 2)] {
        let mut server = Place::new().serve(&[], &[("METRICS_LISTEN", address)]);
        assert_eq!(server.metrics_address().is_some(), listening == 2, "{:?}", server.log);
        assert_eq!(server.listening_sockets(), listening);
        server.stop("TERM");
    }
}

#[cfg(unix)]
#[test]
fn told_to_stop_it_answers_what_is_in_flight_and_exits_with_0() {
    for signal in ["TERM", "INT"] {
        let place = Place::new();
        let mut server = place.serve(&[], &[]);
        let form = "email=ann%40example.com&password=violet+anvil+forty+marmots";
        let (sent, rest) = form.split_at(form.len() / 2);
        let mut request = server.begin_post("/signup", form.len());
        request.get_mut().write_all(sent.as_bytes()).unwrap();
        server.signal(signal);
        server.wait_until_nobody_listens();

        request.get_mut().write_all(rest.as_bytes()).unwrap();
        let mut answer = String::new();
        request.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 303 "), "{signal}: {answer}");
        assert!(answer.contains("set-cookie: waxseal="), "{signal}: {answer}");
        server.wait_for_success();
        assert!(server.log.last().unwrap().contains("stopped"), "{signal}: {:?}", server.log);

        // And it is kept.
        let mut server = place.serve(&[], &[]);
        assert!(server.post("/login", form).starts_with("HTTP/1.1 303 "), "{signal}");
        server.stop(signal);
    }
}

#[cfg(unix)]
#[test]
fn told_to_stop_as_soon_as_it_listens_it_exits_with_0() {
    for signal in ["TERM", "INT"] {
        Place::new().serve(&[], &[]).stop(signal);
    }
}

/// A working directory of a test's own; nothing of the environment comes in.
struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn write(&self, name: &str, content: &str) {
        fs::write(self.path().join(name), content).unwrap();
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_waxseal"));
        command.args(arguments).env_clear().current_dir(self.path());
        command
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.run_with(arguments, &[])
    }

    fn run_with(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Output {
        let mut command = self.command(arguments);
        command.envs(environment.iter().copied()).stdin(Stdio::null()).output().unwrap()
    }

    /// Starts the server on a free port, and returns when it listens.
    fn serve(&self, arguments: &[&str], environment: &[(&str, &str)]) -> Server {
        let mut command = self.command(arguments);
        command.env("LISTEN", "127.0.0.1:0").envs(environment.iter().copied());
        let mut process = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let (lines, received) = channel();
        let stderr = BufReader::new(process.stderr.take().unwrap());
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|l| lines.send(l)));
        let mut log = Vec::new();
        let address = loop {
            let line = received.recv().unwrap_or_else(|_| panic!("it does not start: {log:?}"));
            let address = line.split("listens on http://").nth(1).map(|text| text.parse().unwrap());
            log.push(line);
            if let Some(address) = address {
                break address;
            }
        };
        Server { process, address, log, lines: received }
    }
}

/// A server that runs; killed when dropped.
struct Server {
    process: Child,
    address: SocketAddr,
    log: Vec<String>,
    lines: Receiver<String>,
}

impl Server {
    fn get(&self, path: &str) -> String {
        ask(self.address, "GET", path, "")
    }

    fn get_with(&self, path: &str, cookie: &str) -> String {
        ask(self.address, "GET", path, &format!("Cookie: {cookie}\r\n"))
    }

    fn post(&self, path: &str, form: &str) -> String {
        let mut request = self.begin_post(path, form.len());
        request.get_mut().write_all(form.as_bytes()).unwrap();
        let mut answer = String::new();
        request.read_to_string(&mut answer).unwrap();
        answer
    }

    fn post_with(&self, path: &str, form: &str, cookie: &str) -> String {
        let kind = "Content-Type: application/x-www-form-urlencoded";
        let length = form.len();
        let headers = format!("Cookie: {cookie}\r\n{kind}\r\nContent-Length: {length}\r\n");
        ask_with(self.address, "POST", path, &headers, form)
    }

    /// Where the metrics are, as the log says it.
    fn metrics_address(&self) -> Option<SocketAddr> {
        let lines = &mut self.log.iter();
        let rest = lines.find_map(|line| line.split("metrics are on http://").nth(1))?;
        Some(rest.strip_suffix("/metrics").unwrap().parse().unwrap())
    }

    /// How many sockets of the process wait for connections.
    #[cfg(target_os = "linux")]
    fn listening_sockets(&self) -> usize {
        let process = Path::new("/proc").join(self.process.id().to_string());
        let files = fs::read_dir(process.join("fd")).unwrap();
        let own: HashSet<String> = files
            .filter_map(|file| {
                fs::read_link(file.unwrap().path()).ok()?.to_str().map(str::to_owned)
            })
            .collect();
        let tables = ["net/tcp", "net/tcp6"].map(|table| fs::read_to_string(process.join(table)));
        let lines = tables.iter().flatten().flat_map(|table| table.lines().skip(1));
        lines
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(|fields| fields[3] == "0A" && own.contains(&format!("socket:[{}]", fields[9])))
            .count()
    }

    /// Sends the head of a request, and returns when the server has begun to handle it.
    fn begin_post(&self, path: &str, length: usize) -> BufReader<TcpStream> {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = "Host: localhost\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Type: application/x-www-form-urlencoded\r\n";
        write!(stream, "POST {path} HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n").unwrap();
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        stream.read_line(&mut line).unwrap();
        assert!(line.starts_with("HTTP/1.1 100 "), "{line}");
        line.clear();
        stream.read_line(&mut line).unwrap();
        assert_eq!(line, "\r\n");
        stream
    }

    /// Tells it to stop, and waits until it has.
    fn stop(&mut self, signal: &str) {
        self.signal(signal);
        self.wait_for_success();
    }

    fn signal(&self, signal: &str) {
        let id = self.process.id().to_string();
        let killed = Command::new("kill").args(["-s", signal, &id]).status().unwrap();
        assert!(killed.success());
    }

    fn wait_until_nobody_listens(&self) {
        while TcpStream::connect(self.address).is_ok() {
            thread::yield_now();
        }
    }

    fn wait_for_success(&mut self) {
        let status = self.process.wait().unwrap();
        self.log.extend(self.lines.iter());
        assert!(status.success(), "{status}: {:?}", self.log);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _stopped_already = self.process.kill();
        let _stopped_already = self.process.wait();
    }
}

/// What `/metrics` says.
struct Metrics(String);

impl Metrics {
    /// Reads them, and makes sure that every line is as the format has it.
    fn of(server: &Server) -> Self {
        let answer = ask(server.metrics_address().unwrap(), "GET", "/metrics", "");
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let is_name = |text: &str| {
            text.starts_with("waxseal_")
                && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        };
        let is_label = |label: &str| {
            label.split_once("=\"").is_some_and(|(name, value)| {
                name.chars().all(|c| c.is_ascii_lowercase())
                    && value.strip_suffix('"').is_some_and(|value| !value.contains(['"', '\\']))
            })
        };
        for line in body.lines().filter(|line| !line.is_empty()) {
            let fits = match line.splitn(4, ' ').collect::<Vec<_>>()[..] {
                ["#", "HELP", name, help] => is_name(name) && !help.is_empty(),
                ["#", "TYPE", name, kind] => {
                    is_name(name) && ["counter", "gauge", "histogram"].contains(&kind)
                }
                [series, value] => {
                    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
                    let mut labels = labels.strip_suffix('}').unwrap_or(labels).split(',');
                    let labels_fit = labels.all(|label| series == name || is_label(label));
                    is_name(name) && labels_fit && value.parse::<f64>().is_ok()
                }
                _ => false,
            };
            assert!(fits, "{line:?} in {body}");
        }
        Self(body.to_owned())
    }

    fn value(&self, series: &str) -> f64 {
        let find = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
        self.0.lines().find_map(find).unwrap_or_else(|| panic!("no {series} in {}", self.0))
    }
}

fn ask(address: SocketAddr, method: &str, path: &str, headers: &str) -> String {
    ask_with(address, method, path, headers, "")
}

fn ask_with(address: SocketAddr, method: &str, path: &str, headers: &str, body: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    let head = "Host: localhost\r\nConnection: close\r\n";
    write!(stream, "{method} {path} HTTP/1.1\r\n{head}{headers}\r\n{body}").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

/// The one line on standard error of a start that failed.
fn refusal(output: &Output) -> String {
    assert!(!output.status.success());
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let text = stderr(output);
    let line = text.strip_suffix('\n').unwrap();
    assert!(!line.contains('\n'), "{text}");
    line.to_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}
