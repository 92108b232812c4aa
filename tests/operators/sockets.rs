//! UNIX sockets, sockets that systemd passes on, and `waxseal healthcheck`.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    os::unix::{
        fs::{FileTypeExt, PermissionsExt},
        net::{UnixListener, UnixStream},
    },
    path::Path,
    process::Command,
    time::Duration,
};

use test_support::{Answer, Finished, Process, Program, raw, waxseal};

use crate::{FORM, SECRET};

const LISTEN: (&str, &str) = ("LISTEN", "unix:waxseal.sock");

fn program() -> Program {
    waxseal!().set("SESSION_SECRET", SECRET)
}

fn socket(waxseal: &Program) -> std::path::PathBuf {
    waxseal.folder().join("waxseal.sock")
}

/// Sends a request through a socket.
fn ask(socket: &Path, method: &str, path: &str, headers: &[&str], form: &str) -> Answer {
    let mut stream = UnixStream::connect(socket).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(raw::request(method, path, headers, form).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    Answer::parse(&answer).unwrap()
}

#[test]
fn the_server_listens_on_a_unix_socket_for_its_group_and_removes_it_at_the_end() {
    let waxseal = program();
    let server = waxseal.serve_with(&[], &[LISTEN, ("TRUSTED_PROXIES", "unix")]);
    let socket = socket(&waxseal);
    assert!(server.has_logged(" listens on unix:waxseal.sock"), "{:?}", server.log());
    let file = fs::metadata(&socket).unwrap();
    assert!(file.file_type().is_socket());
    assert_eq!(file.permissions().mode() & 0o777, 0o660);
    let token = ask(&socket, "POST", "/signup", &[], FORM).session().unwrap();
    assert_eq!(ask(&socket, "GET", "/profile", &[&raw::session(&token)], "").status, 200);
    server.stop();
    assert!(!socket.exists());
}

#[test]
fn curl_speaks_to_the_socket() {
    let waxseal = program();
    let _server = waxseal.serve_with(&[], &[LISTEN]);
    let mut curl = Command::new("curl");
    curl.args(["-sS", "--unix-socket"]).arg(socket(&waxseal)).arg("http://localhost/healthz");
    assert_eq!(Finished::of(&mut curl, "").stdout, "alive\n");
}

#[test]
fn the_address_is_what_the_proxy_says_if_the_socket_is_trusted() {
    let forwarded = ["X-Forwarded-For: 198.51.100.7, 203.0.113.9"];
    for (proxies, address, is_warned) in [
        ("unix", "203.0.113.9", false),
        ("203.0.113.9, unix", "198.51.100.7", false),
        ("127.0.0.1", "-", true),
    ] {
        let waxseal = program();
        let server = waxseal.serve_with(&[], &[LISTEN, ("TRUSTED_PROXIES", proxies)]);
        ask(&socket(&waxseal), "POST", "/signup", &forwarded, FORM);
        ask(&socket(&waxseal), "GET", "/profile", &[forwarded[0], &raw::session("garbage")], "");
        let log = server.stop().join("\n");
        for line in [
            format!("] {address} \"POST /signup\" 303 "),
            format!(", from {address}\n"),
            format!("cookie rejected: malformed, from {address}\n"),
        ] {
            assert!(log.contains(&line), "{line:?} is not in {log}");
        }
        let warning = "TRUSTED_PROXIES: does not have the word unix";
        assert_eq!(log.contains(warning), is_warned, "{log}");
        let listed = waxseal.run(&["session", "list", "--json"]).success();
        assert!(listed.contains(&format!("\"{address}\"")), "{listed}");
    }
}

#[test]
fn a_line_about_a_browser_without_an_address_says_so() {
    let waxseal = program().set("APP_ENV", "production");
    let server = waxseal.serve_with(&[], &[LISTEN]);
    let browser = ["User-Agent: Mozilla/5.0 (X11; Linux x86_64)"];
    assert_eq!(ask(&socket(&waxseal), "GET", "/login", &browser, "").status, 200);
    let log = server.stop().join("\n");
    assert!(log.contains("a browser at an unknown address seems to reach this site"), "{log}");
}

#[test]
fn limits_count_the_addresses_that_come_through_the_socket() {
    let waxseal = program();
    let _server = waxseal.serve_with(&[], &[LISTEN, ("TRUSTED_PROXIES", "unix")]);
    let sign_up = |address: &str| {
        let from = format!("X-Forwarded-For: {address}");
        ask(&socket(&waxseal), "POST", "/signup", &[&from], "").status
    };
    while sign_up("203.0.113.9") != 429 {}
    assert_eq!(sign_up("203.0.113.10"), 422);
}

/// The TCP clients of a server that trusts its socket can't claim addresses.
#[test]
fn the_word_unix_trusts_no_tcp_connection() {
    let waxseal = program();
    let server = waxseal.serve_with(&[], &[("TRUSTED_PROXIES", "unix")]);
    server.post("/signup", &["X-Forwarded-For: 203.0.113.9"], FORM);
    let log = server.stop().join("\n");
    assert!(log.contains("signed up: ") && !log.contains("203.0.113.9"), "{log}");
}

#[test]
fn a_socket_that_was_left_behind_is_replaced_and_a_live_one_is_not() {
    let waxseal = program().set("TRUSTED_PROXIES", "unix");
    waxseal.serve_with(&[], &[LISTEN]).kill();
    assert!(socket(&waxseal).exists());
    let server = waxseal.serve_with(&[], &[LISTEN]);
    let line = waxseal.run_with(&[], &[LISTEN]).refusal();
    let start = "waxseal: LISTEN: unix:waxseal.sock can't be bound: ";
    assert_eq!(line, format!("{start}the socket is in use"));
    assert_eq!(ask(&socket(&waxseal), "GET", "/login", &[], "").status, 200);
    server.stop();

    waxseal.write("waxseal.sock", "precious");
    let line = waxseal.run_with(&[], &[LISTEN]).refusal();
    assert_eq!(line, format!("{start}there is a file of that name, which is not a socket"));
    assert_eq!(fs::read_to_string(socket(&waxseal)).unwrap(), "precious");
    let line = waxseal.run_with(&[], &[("LISTEN", "unix:no/such/folder.sock")]).refusal();
    assert!(
        line.starts_with("waxseal: LISTEN: unix:no/such/folder.sock can't be bound: "),
        "{line}"
    );
}

#[test]
fn a_server_that_stops_leaves_the_socket_of_its_successor() {
    let waxseal = program();
    let server = waxseal.serve_with(&[], &[LISTEN]);
    fs::remove_file(socket(&waxseal)).unwrap();
    let _successor = waxseal.serve_with(&[], &[LISTEN]);
    server.stop();
    assert_eq!(ask(&socket(&waxseal), "GET", "/login", &[], "").status, 200);
}

#[test]
fn a_connection_through_the_socket_that_dawdles_is_closed() {
    let waxseal = program();
    let _server = waxseal.serve_with(&[], &[LISTEN]);
    let mut stream = UnixStream::connect(socket(&waxseal)).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n";
    stream.write_all(&[&head[..], b"\r\n"].concat()).unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"alive\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.extend(byte);
    }
    // The second head begins and does not end. actix-web has no time-out for it.
    stream.write_all(head).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "closed");
}

/// Runs a program as systemd does, with sockets in place from file descriptor 3 on.
fn activated(
    waxseal: &Program,
    sockets: &str,
    arguments: &[&str],
    settings: &[(&str, &str)],
) -> Command {
    const START: &str = "import os, socket, sys
sockets = []
for name in sys.argv[2].split(','):
    if name.startswith('/'):
        s = socket.socket(socket.AF_UNIX)
        s.bind(name)
    else:
        s = socket.socket()
        s.bind((name.removesuffix(' silent'), 0))
    if not name.endswith(' silent'):
        s.listen()
    sockets.append(s)
fds = [os.dup(s.fileno()) for s in sockets]
fds = [os.dup2(fd, 100 + i) for i, fd in enumerate(fds)]
for i, fd in enumerate(fds):
    os.dup2(fd, 3 + i)
os.environ.update(LISTEN_FDS=str(len(fds)), LISTEN_PID=str(os.getpid()))
os.execv(sys.argv[1], [sys.argv[1]] + sys.argv[3:])";

    let mut command = Command::new("/usr/bin/env");
    command.args(["python3", "-c", START, env!("CARGO_BIN_EXE_waxseal"), sockets]);
    command.args(arguments);
    command.env_clear().current_dir(waxseal.folder()).env("PATH", "/usr/local/bin:/usr/bin:/bin");
    command.env("SESSION_SECRET", SECRET).envs(settings.iter().copied());
    command
}

#[test]
fn sockets_that_are_passed_on_are_used_in_place_of_the_setting() {
    let waxseal = program();
    let path = waxseal.folder().join("passed.sock");
    let sockets = format!("127.0.0.1,{}", path.display());
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    let mut command =
        activated(&waxseal, &sockets, &[], &[("LISTEN", &taken), ("TRUSTED_PROXIES", "unix")]);
    let server = Process::of(&mut command);
    assert_eq!(server.get("/login", &[]).status, 200);
    server.wait_for(&format!(" listens on unix:{}", path.display()));
    let from = ["X-Forwarded-For: 203.0.113.9"];
    assert_eq!(ask(&path, "POST", "/signup", &from, FORM).status, 303);
    let log = server.stop().join("\n");
    assert!(log.contains(", from 203.0.113.9\n"), "{log}");
    assert!(!log.contains("TRUSTED_PROXIES: "), "{log}");
    assert!(path.exists(), "the file is systemd's");
    fs::remove_file(&path).unwrap();
    let server = Process::of(&mut activated(&waxseal, &path.display().to_string(), &[], &[]));
    assert!(
        server.has_logged("TRUSTED_PROXIES: does not have the word unix"),
        "{:?}",
        server.log()
    );
}

#[test]
fn the_check_honours_sockets_that_are_passed_on() {
    let waxseal = program();
    let path = waxseal.folder().join("passed.sock");
    let path = path.display().to_string();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    for listen in [taken, format!("unix:{path}")] {
        let settings = [("LISTEN", &*listen)];
        let report = Finished::of(&mut activated(&waxseal, &path, &["check"], &settings), "");
        let report = report.success();
        let used = "ok       LISTEN_FDS: unix:";
        assert!(
            report.contains(&format!("{used}{path}: passed on, and used in place")),
            "{report}"
        );
        assert!(!report.contains(" LISTEN: "), "{report}");
        let warnings = report.matches("TRUSTED_PROXIES: does not have the word unix").count();
        assert_eq!(warnings, 1, "{report}");
        fs::remove_file(&path).unwrap();
    }
    let report = Finished::of(&mut activated(&waxseal, "0.0.0.0", &["check"], &[]), "");
    assert_eq!(report.code, Some(1));
    assert!(report.stdout.contains("error    LISTEN_FDS: 0.0.0.0:"), "{report:?}");
}

#[test]
fn development_refuses_a_socket_that_is_not_loopback_and_production_takes_it() {
    let waxseal = program();
    let line = Finished::of(&mut activated(&waxseal, "0.0.0.0", &[], &[]), "").refusal();
    assert!(line.starts_with("waxseal: LISTEN_FDS: 0.0.0.0:"), "{line}");
    assert!(line.contains("APP_ENV=production"), "{line}");
    let server =
        Process::of(&mut activated(&waxseal, "0.0.0.0", &[], &[("APP_ENV", "production")]));
    server.stop();
}

/// A connection, which systemd passes on with `Accept=yes`, is of the same kind.
#[test]
fn a_socket_that_does_not_listen_is_refused() {
    let waxseal = program();
    let line = Finished::of(&mut activated(&waxseal, "127.0.0.1 silent", &[], &[]), "").refusal();
    assert!(line.starts_with("waxseal: LISTEN_FDS: a socket that was passed on"), "{line}");
    assert!(line.contains("it does not listen"), "{line}");
}

#[test]
fn sockets_that_are_meant_for_another_process_are_left_alone() {
    let waxseal = program();
    let server = waxseal.serve_with(&[], &[("LISTEN_FDS", "1"), ("LISTEN_PID", "1")]);
    assert_eq!(server.get("/login", &[]).status, 200);
}

#[test]
fn the_health_check_asks_the_server_of_the_settings() {
    let waxseal = program();
    for listen in ["127.0.0.1", "0.0.0.0", "[::1]", "[::]"] {
        let server = waxseal
            .serve_with(&[], &[("LISTEN", &format!("{listen}:0")), ("APP_ENV", "production")]);
        let at = format!("{listen}:{}", server.address.port());
        // It needs no secret, and no database.
        let elsewhere = waxseal!();
        let asked = elsewhere.run_with(&["healthcheck"], &[("LISTEN", &at)]).success();
        let here = at.replace("0.0.0.0", "127.0.0.1").replace("[::]", "[::1]");
        assert_eq!(asked, format!("{here} is ready\n"));
        server.stop();
        let line = elsewhere.run(&["healthcheck", "--listen", &at]).refusal();
        assert!(line.starts_with(&format!("waxseal: {here} does not answer: ")), "{line}");
    }
    let server = waxseal.serve_with(&[], &[LISTEN]);
    let asked = waxseal.run_with(&["healthcheck"], &[LISTEN]).success();
    assert_eq!(asked, "unix:waxseal.sock is ready\n");
    server.stop();
    let line = waxseal.run_with(&["healthcheck"], &[LISTEN]).refusal();
    assert!(line.starts_with("waxseal: unix:waxseal.sock does not answer: "), "{line}");
}

#[test]
fn the_health_check_says_why_a_server_is_not_ready() {
    let waxseal = program();
    let listener = UnixListener::bind(socket(&waxseal)).unwrap();
    let answer = |text: &'static str| {
        let listener = listener.try_clone().unwrap();
        std::thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let _asked = stream.read(&mut [0; 1024]).unwrap();
            stream.write_all(text.as_bytes()).unwrap();
        })
    };
    for (text, why) in [
        (
            "HTTP/1.1 503 Service Unavailable\r\n\r\n\
             {\"ready\":false,\"database\":\"out of reach\",\"revocation_feed\":\"ok\"}",
            "is not ready: database out of reach, revocation feed ok",
        ),
        ("HTTP/1.1 404 Not Found\r\n\r\n", "is not ready: status 404"),
        ("SSH-2.0-OpenSSH\r\n", "does not answer in HTTP"),
    ] {
        let answering = answer(text);
        let line = waxseal.run_with(&["healthcheck"], &[LISTEN]).refusal();
        answering.join().unwrap();
        assert_eq!(line, format!("waxseal: unix:waxseal.sock {why}"));
    }
    let line = waxseal.run_with(&["healthcheck"], &[("LISTEN", "127.0.0.1:0")]).refusal();
    assert!(line.starts_with("waxseal: LISTEN: port 0 "), "{line}");
    let line = waxseal.run_with(&["healthcheck"], &[("LISTEN", "nowhere")]).refusal();
    assert!(line.starts_with("waxseal: LISTEN: "), "{line}");
}
