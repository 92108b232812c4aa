//! The command, as people run it: what it prints, what it refuses, how it starts and stops.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    collections::HashSet,
    fs,
    io::{Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    thread,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use test_support::{Answer, COOKIE_NAME, Finished, Process, raw, waxseal};

const SECRET: &str = "a secret that is long enough for it";
/// Signs up, and logs in.
const FORM: &str = "email=ann%40example.com&password=violet+anvil+forty+marmots";
const METRICS: [(&str, &str); 1] = [("METRICS_LISTEN", "127.0.0.1:0")];
/// Too short, and never to be seen again.
const BAD_SECRET: &str = "hunter2hunter2";

#[test]
fn secret_prints_a_new_secret_each_time() {
    let waxseal = waxseal!();
    let secrets: HashSet<String> = (0..3)
        .map(|_| {
            let printed = waxseal.run(&["secret"]).success();
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
    let waxseal = waxseal!();
    let secret = waxseal.run(&["secret"]).success();
    waxseal.write(".env", &format!("APP_ENV=production\nSESSION_SECRET={secret}"));
    let server = waxseal.serve();
    assert_eq!(server.get("/login", &[]).status, 200);
    server.stop();
}

#[test]
fn secret_needs_no_settings_and_minds_no_bad_ones() {
    let waxseal = waxseal!();
    let settings = [("APP_ENV", "bad"), ("SESSION_SECRET", BAD_SECRET)];
    waxseal.run_with(&["secret"], &settings).success();
}

#[test]
fn every_command_has_help_and_a_version() {
    let waxseal = waxseal!();
    let environment = [("SESSION_SECRET", SECRET), ("DATABASE_URL", BAD_SECRET)];
    for command in [&[][..], &["serve"], &["secret"]] {
        let help = waxseal.run_with(&[command, &["--help"]].concat(), &environment).success();
        assert!(help.contains("Usage: waxseal"), "{command:?}: {help}");
        assert_eq!(help.contains("--session-secret-fallbacks"), command != ["secret"]);
        assert!(!help.contains(SECRET) && !help.contains(BAD_SECRET), "{command:?}: {help}");

        let version = waxseal.run(&[command, &["--version"]].concat()).success();
        assert!(version.trim_end().ends_with(env!("CARGO_PKG_VERSION")), "{command:?}: {version}");
    }
}

#[test]
fn the_example_file_has_every_setting_and_the_help_too() {
    let waxseal = waxseal!();
    let help = waxseal.run(&["serve", "--help"]).success();
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
        ("SIGN_UP", "off", "closed"),
        ("STEP_UP_AFTER", "soon", "90m"),
        ("SMTP_URL", "https://me:hunter2@mail.example.com", "smtps://"),
        ("MAIL_FROM", "example.com", "noreply@example.com"),
        ("EMAIL_CONFIRMATION", "yes", "optional"),
        ("MAIL_NOTIFY", "yes", "on or off"),
    ] {
        // The usual port may be in use.
        let free = (setting != "LISTEN").then_some(("LISTEN", "127.0.0.1:0"));
        let settings: Vec<_> = [("RUST_LOG", "error")].into_iter().chain(free).collect();
        let waxseal = waxseal!();
        let flag = format!("--{}={value}", setting.to_lowercase().replace('_', "-"));
        let from_flag = waxseal.run_with(&["serve", &flag], &settings);
        let short_form = waxseal.run_with(&[&flag], &settings);
        let set = [&settings[..], &[(setting, value)]].concat();
        let from_environment = waxseal.run_with(&[], &set);
        waxseal.write(".env", &format!("{setting}='{value}'"));
        let from_file = waxseal.run_with(&["serve"], &settings);
        for output in [from_flag, short_form, from_environment, from_file] {
            let line = output.refusal();
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
    let line = waxseal!().run(&["--app-env", "production"]).refusal();
    assert!(line.starts_with("waxseal: SESSION_SECRET: is missing"), "{line}");
}

#[test]
fn another_bad_setting_does_not_bring_out_the_secret() {
    let waxseal = waxseal!();
    for setting in ["APP_ENV", "LISTEN", "SESSION_MODE"] {
        let environment = [("SESSION_SECRET", SECRET), (setting, "bad")];
        let line = waxseal.run_with(&[], &environment).refusal();
        assert!(line.starts_with(&format!("waxseal: {setting}: ")), "{line}");
        assert!(!line.contains(SECRET), "{line}");
    }
}

#[test]
fn a_line_of_the_file_that_cannot_be_read_is_not_repeated() {
    let waxseal = waxseal!();
    for line in [format!("SESSION_SECRET {BAD_SECRET}"), format!("SESSION_SECRET='{BAD_SECRET}")] {
        waxseal.write(".env", &line);
        let line = waxseal.run(&[]).refusal();
        assert!(line.starts_with("waxseal: .env: "), "{line}");
        assert!(!line.contains("hunter2"), "{line}");
    }
}

#[test]
fn a_flag_goes_before_the_environment_and_that_before_the_file() {
    let waxseal = waxseal!();
    let named = |output: Finished| output.refusal().split('"').nth(1).unwrap().to_owned();
    waxseal.write(".env", "APP_ENV=from-the-file");
    let environment = [("APP_ENV", "from-the-environment")];
    for command in [&[][..], &["serve"]] {
        assert_eq!(named(waxseal.run(command)), "from-the-file");
        assert_eq!(named(waxseal.run_with(command, &environment)), "from-the-environment");
        let flag = [command, &["--app-env", "from-the-flag"]].concat();
        assert_eq!(named(waxseal.run_with(&flag, &environment)), "from-the-flag");
    }
}

#[test]
fn an_unknown_flag_or_command_is_refused() {
    let waxseal = waxseal!();
    for arguments in [&["--session-secert", BAD_SECRET][..], &["sreve"], &["secret", "--listen"]] {
        let output = waxseal.run(arguments);
        assert_eq!(output.code, Some(2), "{arguments:?}");
        assert!(output.stderr.starts_with("error: "), "{}", output.stderr);
        assert!(!output.stderr.contains(BAD_SECRET), "{}", output.stderr);
    }
}

#[cfg(unix)]
#[test]
fn a_setting_that_is_not_utf_8_is_refused_and_not_shown() {
    use std::{ffi::OsStr, os::unix::ffi::OsStrExt};

    let waxseal = waxseal!();
    let value = OsStr::from_bytes(b"hunter2hunter2hunter2hunter2hunter2\xff");
    let line = Finished::of(waxseal.command(&[]).env("SESSION_SECRET", value), "").refusal();
    assert_eq!(line, "waxseal: SESSION_SECRET: must be UTF-8");
    let line = Finished::of(waxseal.command(&["--listen"]).arg(value), "").refusal();
    assert_eq!(line, "waxseal: an argument: must be UTF-8");
}

#[test]
fn it_starts_with_nothing_configured() {
    let waxseal = waxseal!();
    let server = waxseal.serve();
    assert!(
        server.log().iter().any(|line| line.contains("SESSION_SECRET: is not set")),
        "a warning"
    );
    let page = server.get("/login", &[]);
    assert_eq!(page.status, 200);
    assert!(page.contains_text("<h1>Log in</h1>"), "{page:?}");
    assert!(waxseal.folder().join("waxseal.db").is_file(), "the database is where it was started");
    server.stop();
}

#[test]
fn the_log_has_no_secret_no_password_no_address_and_no_cookie() {
    let waxseal = waxseal!();
    let settings = [("SESSION_SECRET", SECRET), ("RUST_LOG", "debug")];
    let server = waxseal.serve_with(&[], &settings);
    let token = server.post("/signup", &[], FORM).session().unwrap();
    assert_eq!(server.post("/login", &[], FORM).status, 303);
    assert_eq!(server.post("/login", &[], &format!("{FORM}x")).status, 422);
    server.get("/admin/users?q=ann@example.com", &[]);
    let log = server.stop().join("\n");
    assert!(log.contains("signed up: user "), "{log}");
    assert!(log.contains("\"GET /admin/users\" 303 "), "{log}");
    for private in [SECRET, "marmots", "ann@example.com", "ann%40", &token, "$argon2"] {
        assert!(!log.contains(private), "{private} is in {log}");
    }
}

#[test]
fn the_log_says_who_asked_and_not_which_proxy_passed_it_on() {
    for (proxies, address) in [("127.0.0.0/8, ::1", "203.0.113.9"), ("10.0.0.1", "127.0.0.1")] {
        let waxseal = waxseal!();
        let server = waxseal.serve_with(&["--trusted-proxies", proxies], &[]);
        let forwarded =
            ["X-Forwarded-For: 198.51.100.7", "X-Forwarded-For: 203.0.113.9, 127.0.0.9"];
        assert_eq!(server.post("/signup", &forwarded, FORM).status, 303);
        let log = server.stop().join("\n");
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
        let waxseal = waxseal!();
        let settings = [("SESSION_SECRET", SECRET), ("LISTEN", "127.0.0.1:0"), (setting, &address)];
        let line = waxseal.run_with(&[], &settings).refusal();
        let start = format!("waxseal: {setting}: {address} can't be bound: ");
        assert!(line.starts_with(&start), "{line}");
        assert!(line.contains("in use"), "{line}");
    }
}

#[test]
fn a_file_that_is_no_database_is_one_clear_line() {
    let waxseal = waxseal!();
    waxseal.write("waxseal.db", &"this is no database".repeat(100));
    let environment = [("SESSION_SECRET", SECRET), ("LISTEN", "127.0.0.1:0")];
    let line = waxseal.run_with(&[], &environment).refusal();
    assert!(line.starts_with("waxseal: DATABASE_URL: "), "{line}");
    assert!(line.contains("not a database"), "{line}");
}

#[test]
fn the_metrics_count_what_happens() {
    let waxseal = waxseal!();
    let server = waxseal.serve_with(&[], &METRICS);
    server.post("/signup", &[], FORM);
    for _ in 0..2 {
        assert_eq!(server.post("/login", &[], &format!("{FORM}x")).status, 422);
    }
    let token = server.post("/login", &[], FORM).session().unwrap();
    let cookie = raw::session(&token);
    assert_eq!(server.get("/profile", &[&cookie]).status, 200);
    server.post("/profile/delete", &[&cookie], "password=another");
    server.post("/logout", &[&cookie], "");
    // Revoked; changed; no token; one too many.
    let middle = token.len() / 2;
    let other = if token[middle..].starts_with('A') { "B" } else { "A" };
    let changed = [&token[..middle], other, &token[middle + 1..]].concat();
    for worthless in [&token, &changed, "garbage", &format!("a; {COOKIE_NAME}=b")] {
        assert_eq!(server.get("/profile", &[&raw::session(worthless)]).status, 303);
    }
    raw::send(server.address, "BREW", "/", &[], "");

    let metrics = Metrics::of(&server);
    for (series, count) in [
        (r#"waxseal_logins_total{outcome="granted"}"#, 1.0),
        (r#"waxseal_logins_total{outcome="refused"}"#, 3.0),
        ("waxseal_signups_total", 1.0),
        ("waxseal_sessions_created_total", 2.0),
        ("waxseal_sessions_refreshed_total", 0.0),
        ("waxseal_sessions_revoked_total", 1.0),
        (r#"waxseal_cookies_rejected_total{reason="revoked"}"#, 1.0),
        (r#"waxseal_cookies_rejected_total{reason="forged"}"#, 1.0),
        (r#"waxseal_cookies_rejected_total{reason="malformed"}"#, 1.0),
        (r#"waxseal_cookies_rejected_total{reason="duplicate_cookie"}"#, 1.0),
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
    for private in ["ann", "garbage", "BREW", "profile", token.as_str()] {
        assert!(!metrics.0.contains(private), "{private} is in {}", metrics.0);
    }
    server.stop();
}

#[test]
fn the_metrics_count_sessions_that_are_refreshed() {
    let waxseal = waxseal!();
    let always = [("SESSION_REFRESH_BELOW", "7d"), ("METRICS_LISTEN", "127.0.0.1:0")];
    let server = waxseal.serve_with(&[], &always);
    let token = server.post("/signup", &[], FORM).session().unwrap();
    // An expiry is in whole seconds, so it moves with the next of them.
    while server.get("/profile", &[&raw::session(&token)]).session().is_none() {}
    assert!(Metrics::of(&server).value("waxseal_sessions_refreshed_total") >= 1.0);
    server.stop();
}

#[test]
fn every_metric_is_described_in_the_answer_and_in_the_documentation() {
    let waxseal = waxseal!();
    let server = waxseal.serve_with(&[], &METRICS);
    server.get("/login", &[]);
    let Metrics(text) = Metrics::of(&server);
    let documentation = include_str!("../docs/metrics.md");
    let types: Vec<_> = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")).collect();
    for line in &types {
        let (name, kind) = line.split_once(' ').unwrap();
        assert!(text.lines().any(|help| help.starts_with(&format!("# HELP {name} "))), "{name}");
        assert!(documentation.contains(&format!("| `{name}` | {kind} |")), "{name} {kind}");
    }
    assert_eq!(types.len(), documentation.matches("| `waxseal_").count(), "{text}");
    server.stop();
}

#[test]
fn the_metrics_are_on_their_own_address_and_nowhere_else() {
    let waxseal = waxseal!();
    let server = waxseal.serve_with(&[], &METRICS);
    let metrics = server.metrics_address().unwrap();
    let ask = |method: &str, path: &str| raw::send(metrics, method, path, &[], "").unwrap();
    let answer = ask("GET", "/metrics");
    assert_eq!(answer.status, 200);
    for (header, value) in [
        ("content-type", "text/plain; version=0.0.4; charset=utf-8"),
        ("content-security-policy", "default-src 'none'"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert!(answer.header(header).starts_with(value), "{header}: {answer:?}");
    }
    let answer = ask("HEAD", "/metrics");
    assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, ""));
    for path in ["/", "/login", "/healthz", "/metrics/"] {
        assert_eq!(ask("GET", path).status, 404, "{path}");
    }
    let answer = ask("POST", "/metrics");
    assert!(answer.status == 405 && !answer.header("allow").is_empty(), "{answer:?}");
    assert_eq!(server.get("/metrics", &[]).status, 404);
    server.stop();
    assert!(TcpStream::connect(metrics).is_err());
}

#[cfg(target_os = "linux")]
#[test]
fn without_the_setting_nothing_listens_but_the_site() {
    for (address, listening) in [("", 1), ("127.0.0.1:0", 2)] {
        let server = waxseal!().serve_with(&[], &[("METRICS_LISTEN", address)]);
        assert_eq!(server.metrics_address().is_some(), listening == 2, "{:?}", server.log());
        assert_eq!(listening_sockets(&server), listening);
        server.stop();
    }
}

#[cfg(unix)]
#[test]
fn told_to_stop_it_answers_what_is_in_flight_and_exits_with_0() {
    for signal in ["TERM", "INT", "HUP", "QUIT"] {
        let waxseal = waxseal!();
        let server = waxseal.serve();
        let request = raw::request("POST", "/signup", &[], FORM);
        let (head, _) = request.split_once("\r\n\r\n").unwrap();
        let (sent, rest) = FORM.split_at(FORM.len() / 2);
        let mut stream = raw::begin(server.address, &format!("{head}\r\n"));
        stream.write_all(sent.as_bytes()).unwrap();
        server.signal(signal);
        while TcpStream::connect(server.address).is_ok() {
            thread::yield_now();
        }

        stream.write_all(rest.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let answer = Answer::parse(&answer).unwrap();
        assert!(answer.status == 303 && answer.session().is_some(), "{signal}: {answer:?}");
        let log = server.wait_for_success();
        assert!(log.last().unwrap().contains("stopped"), "{signal}: {log:?}");

        // And it is kept.
        assert_eq!(waxseal.serve().post("/login", &[], FORM).status, 303, "{signal}");
    }
}

#[cfg(unix)]
#[test]
fn told_to_stop_as_soon_as_it_listens_it_exits_with_0() {
    for signal in ["TERM", "INT"] {
        let server = waxseal!().serve();
        server.signal(signal);
        server.wait_for_success();
    }
}

#[cfg(target_os = "linux")]
#[test]
fn started_with_nohup_it_outlives_its_terminal() {
    let waxseal = waxseal!();
    let serve = waxseal.command(&["serve"]);
    let mut nohup = std::process::Command::new("nohup");
    nohup.arg(serve.get_program()).args(serve.get_args()).current_dir(waxseal.folder());
    nohup.env_clear().env("LISTEN", "127.0.0.1:0");
    let server = Process::of(&mut nohup);
    server.signal("HUP");
    assert_eq!(server.get("/login", &[]).status, 200);
    let log = server.stop();
    assert!(log.iter().any(|line| line.contains("SIGTERM: stopping")), "{log:#?}");
}

/// How many sockets of the process wait for connections.
#[cfg(target_os = "linux")]
fn listening_sockets(server: &Process) -> usize {
    let process = Path::new("/proc").join(server.id().to_string());
    let files = fs::read_dir(process.join("fd")).unwrap();
    let own: HashSet<String> = files
        .filter_map(|file| fs::read_link(file.unwrap().path()).ok()?.to_str().map(str::to_owned))
        .collect();
    let tables = ["net/tcp", "net/tcp6"].map(|table| fs::read_to_string(process.join(table)));
    let lines = tables.iter().flatten().flat_map(|table| table.lines().skip(1));
    lines
        .map(|line| line.split_whitespace().collect::<Vec<_>>())
        .filter(|fields| fields[3] == "0A" && own.contains(&format!("socket:[{}]", fields[9])))
        .count()
}

/// What `/metrics` says.
struct Metrics(String);

impl Metrics {
    /// Reads them, and makes sure that every line is as the format has it.
    fn of(server: &Process) -> Self {
        let Answer { status, body, .. } =
            raw::get(server.metrics_address().unwrap(), "/metrics", &[]).unwrap();
        assert_eq!(status, 200);
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
        Self(body)
    }

    fn value(&self, series: &str) -> f64 {
        let find = |line: &str| line.strip_prefix(series)?.strip_prefix(' ')?.parse().ok();
        self.0.lines().find_map(find).unwrap_or_else(|| panic!("no {series} in {}", self.0))
    }
}
