//! Connections that are held, and lead nowhere.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use test_support::{Answer, raw};

use crate::visitor::Server;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

#[test]
fn a_thousand_idle_connections_keep_nobody_out() {
    // The server begins with what systems give a process; our ends are open files, too.
    let all = getrlimit(Resource::Nofile).maximum;
    let few = Rlimit { current: Some(1024), maximum: all };
    setrlimit(Resource::Nofile, few).unwrap();
    let server = Server::start(&[]);
    setrlimit(Resource::Nofile, Rlimit { current: all, maximum: all }).unwrap();
    let begun = |text: &[u8]| {
        let mut stream = TcpStream::connect(server.node.address).unwrap();
        stream.write_all(text).unwrap();
        stream
    };
    let head =
        format!("POST /login HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\nContent-Length: 100\r\n\r\n");
    let held: Vec<TcpStream> = (0..1000)
        .map(|number| match number % 3 {
            0 => begun(b""),
            1 => begun(b"GET /login HTTP/1.1\r\nHost: loc"),
            _ => begun(head.as_bytes()),
        })
        .collect();
    let before = Instant::now();
    assert_eq!(server.visitor("192.0.2.1").get("/login").status, 200);
    // It takes milliseconds; this is what a person would wait.
    assert!(before.elapsed() < Duration::from_secs(3), "{:?}", before.elapsed());
    drop(held);
}

/// The one test that waits: what it is about is the time that really passes.
#[test]
fn whoever_is_slow_is_cut_off_within_ten_seconds() {
    let server = Server::start(&[]);
    let address = server.node.address;
    let request = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let post = |path: &str, length: &str| {
        format!("POST {path} HTTP/1.1\r\nHost: localhost\r\n{FORM}\r\n{length}\r\n\r\n")
    };
    let sized = "Content-Length: 1000";
    let chunked = "Transfer-Encoding: chunked";
    let cases = [
        ("nothing at all", String::new()),
        ("half a head", "GET / HTTP/1.1\r\nHost: loc".to_owned()),
        ("half a head after a request", format!("{request}GET / HTTP/1.1\r\nHost: loc")),
        ("nothing after a request", request.to_owned()),
        ("no body", post("/login", sized)),
        ("half a body", post("/login", sized) + "email=ann"),
        ("half a chunk", post("/login", chunked) + "100\r\nemail=ann"),
        ("a body that nobody reads", post("/logout", sized) + "x"),
        ("chunks that nobody reads", post("/logout", chunked) + "1\r\nx\r\n"),
        ("a body where there is nothing", post("/nope", chunked)),
    ];
    let waiting = cases.map(|(name, begin)| {
        thread::spawn(move || (name, until_closed(address, begin.as_bytes(), b"")))
    });
    // And a byte every second.
    let head = post("/login", "Content-Length: 100");
    let drops = [("a head", request.to_owned() + "GET / HTTP/1.1\r\nX: "), ("a body", head)].map(
        |(name, begin)| {
            thread::spawn(move || (name, until_closed(address, begin.as_bytes(), b"x")))
        },
    );
    // What docs/threat-model.md says of such an answer: a bare status.
    let slow =
        thread::spawn(move || raw::exchange(address, "GET / HTTP/1.1\r\nHost: loc").unwrap());
    for case in waiting.into_iter().chain(drops) {
        let (name, took) = case.join().unwrap();
        assert!(took < Duration::from_secs(10), "{name}: {took:?}");
    }
    let answer = Answer::parse(&slow.join().unwrap()).unwrap();
    assert_eq!((answer.status.as_u16(), &*answer.body), (408, ""), "{answer:?}");
    assert_eq!(answer.header("x-content-type-options"), "", "{answer:?}");
}

/// How long the server keeps a connection on which this is sent, and then this every second.
fn until_closed(address: SocketAddr, begin: &[u8], drop: &[u8]) -> Duration {
    let before = Instant::now();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(begin).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
    let mut buffer = [0; 4096];
    while before.elapsed() < Duration::from_secs(20) {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if stream.write_all(drop).is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
    }
    before.elapsed()
}
