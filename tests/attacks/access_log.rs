//! The access log: which requests are in it, and how.

use test_support::eventually;

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
