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
    assert_eq!(line, "waxseal: SESSION_SECRET: it must be UTF-8");
    let line = refusal(&place.command(&["--listen"]).arg(value).output().unwrap());
    assert_eq!(line, "waxseal: an argument: it must be UTF-8");
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
    let token = answer.split("session=").nth(1).unwrap().split(';').next().unwrap().to_owned();
    assert!(server.post("/login", form).starts_with("HTTP/1.1 303 "));
    assert!(server.post("/login", &format!("{form}x")).starts_with("HTTP/1.1 422 "));
    server.get("/admin/users?q=ann%40example.com");
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
    let place = Place::new();
    let environment = [("SESSION_SECRET", SECRET), ("LISTEN", &address)];
    let line = refusal(&place.run_with(&[], &environment));
    assert!(line.starts_with(&format!("waxseal: LISTEN: {address} can't be bound: ")), "{line}");
    assert!(line.contains("in use"), "{line}");
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
        assert!(answer.contains("set-cookie: session="), "{signal}: {answer}");
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
        let mut stream = TcpStream::connect(self.address).unwrap();
        let head = "Host: localhost\r\nConnection: close\r\n\r\n";
        write!(stream, "GET {path} HTTP/1.1\r\n{head}").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    fn post(&self, path: &str, form: &str) -> String {
        let mut request = self.begin_post(path, form.len());
        request.get_mut().write_all(form.as_bytes()).unwrap();
        let mut answer = String::new();
        request.read_to_string(&mut answer).unwrap();
        answer
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
