//! The access log: which requests are in it, and how.

use test_support::{eventually, raw};

use crate::{log_lines::execute, visitor::Server};

const READY: &str = "\"GET /readyz\" 200";

#[actix_web::test]
async fn health_checks_are_not_in_it_unless_they_fail() {
    let server = Server::start(&[]);
    let mut monitor = server.visitor("192.0.2.1");
    for path in ["/healthz", "/readyz"] {
        assert_eq!(monitor.get(path).status, 200, "{path}");
        assert_eq!(monitor.send("HEAD", path, &[], "").status, 200, "{path}");
    }
    assert_eq!(monitor.post("/healthz", "").status, 405);
    assert_eq!(monitor.get("/login?next=/profile").status, 200);
    execute(&server, "ALTER TABLE waxseal_sessions RENAME TO gone").await;
    eventually(async || server.visitor("192.0.2.1").get("/readyz").status == 503).await;
    server.node.wait_for("\"GET /readyz\" 503");
    let log = server.stop();
    let lines: Vec<&String> =
        log.iter().filter(|line| line.contains(" waxseal::access] ")).collect();
    assert!(
        lines.iter().any(|line| line.contains("] 192.0.2.1 \"GET /login\" 200 ")),
        "{lines:#?}"
    );
    assert!(lines.iter().any(|line| line.contains("] 192.0.2.1 \"POST /healthz\" 405 ")));
    for text in ["GET /healthz", "HEAD /healthz", "HEAD /readyz", READY] {
        assert!(!lines.iter().any(|line| line.contains(text)), "{text}: {lines:#?}");
    }
}

#[test]
fn at_debug_they_are_in_it() {
    let server = Server::start(&[("RUST_LOG", "info,waxseal::access=debug")]);
    assert_eq!(server.visitor("192.0.2.1").get("/readyz").status, 200);
    let log = server.stop();
    let line = log.iter().find(|line| line.contains(READY)).unwrap();
    assert!(line.contains(" DEBUG waxseal::access] 192.0.2.1 "), "{line}");
}

#[test]
fn what_is_not_valid_http_is_in_it_with_the_address_and_is_no_error_of_ours() {
    let server = Server::start(&[]);
    let good = "GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let large = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(150_000));
    for (request, status) in [
        ("hello\r\n\r\n".to_owned(), 400),
        ("\u{1b}[31m / HTTP/1.1\r\n\r\n".to_owned(), 400),
        (format!("{good}GET / HTTP/1.1\r\nno colon\r\n\r\n"), 400),
        (large, 431),
    ] {
        let answer = raw::exchange(server.node.address, &request).unwrap();
        let shown = request.chars().take(60).collect::<String>();
        assert!(answer.contains(&format!("HTTP/1.1 {status} ")), "{shown}: {answer}");
    }
    let log = server.stop();
    let lines: Vec<&String> = log.iter().filter(|line| line.contains("not valid HTTP")).collect();
    assert_eq!(lines.len(), 4, "{log:#?}");
    for (line, status) in lines.iter().zip([400, 400, 400, 431]) {
        let start = format!(" INFO  waxseal::access] 127.0.0.1 \"-\" {status} not valid HTTP: ");
        assert!(line.contains(&start), "{line}");
        assert!(line.chars().all(|c| !c.is_control()), "{line}");
    }
    for text in [" ERROR ", "actix_http"] {
        assert!(!log.iter().any(|line| line.contains(text)), "{text}: {log:#?}");
    }
}
