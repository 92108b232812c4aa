//! What every answer tells browsers and caches.

use reqwest::Method;
use test_support::{Answer, App, EMAIL, PASSWORD};

const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
const EVIL: &str = "https://evil.example";
const PERMISSIONS_POLICY: &str = "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), hid=(), magnetometer=(), microphone=(), midi=(), payment=(), serial=(), usb=()";

#[actix_web::test]
async fn every_answer_has_the_security_headers() {
    for (name, answer) in answers().await {
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("content-security-policy", CONTENT_SECURITY_POLICY),
            ("permissions-policy", PERMISSIONS_POLICY),
        ] {
            assert_eq!(answer.header(header), value, "{header} of {name}");
        }
        assert_eq!(answer.header("server"), "", "{name}");
        assert_eq!(answer.header("x-powered-by"), "", "{name}");
    }
}

#[actix_web::test]
async fn no_answer_is_shared_with_another_origin() {
    for (name, answer) in answers().await {
        let cors = answer.headers.keys().find(|key| key.as_str().starts_with("access-control-"));
        assert_eq!(cors, None, "{name}");
    }
}

#[actix_web::test]
async fn https_is_promised_in_production_and_only_there() {
    let production = App::start_with(&[("APP_ENV", "production")]).await;
    for (name, answer) in answers_of(&production, "__Host-waxseal").await {
        let promise = answer.header("strict-transport-security");
        assert_eq!(promise, "max-age=63072000", "{name}");
    }
    for (name, answer) in answers().await {
        assert_eq!(answer.header("strict-transport-security"), "", "{name}");
    }
}

#[actix_web::test]
async fn log_out_clears_the_browsers_cache() {
    let app = App::start().await;
    let forget = "\"cache\"";
    let mut ann = app.signed_up(EMAIL).await;
    assert_eq!(ann.get("/profile").await.header("clear-site-data"), "");
    assert_eq!(ann.log_out().await.header("clear-site-data"), forget);
    ann.log_in(EMAIL, PASSWORD).await;
    assert_eq!(ann.post("/api/logout", &[]).await.header("clear-site-data"), forget);
    ann.log_in(EMAIL, PASSWORD).await;
    let id = ann.get("/api/session").await.body;
    let id = id.split("\"session_id\":\"").nth(1).unwrap().split('"').next().unwrap();
    let revoked = ann.post(&format!("/sessions/{id}/revoke"), &[]).await;
    assert_eq!(revoked.header("clear-site-data"), forget);
    ann.log_in(EMAIL, PASSWORD).await;
    let deleted = ann.post("/profile/delete", &[("password", PASSWORD)]).await;
    assert_eq!(deleted.redirects_to(), "/signup");
    assert_eq!(deleted.header("clear-site-data"), forget);
}

#[actix_web::test]
async fn a_failed_log_out_does_not_clear_the_cache() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.database.execute("ALTER TABLE waxseal_sessions RENAME TO gone", &[]).await;
    for path in ["/logout", "/api/logout"] {
        let failed = ann.post(path, &[]).await;
        assert_eq!((failed.status.as_u16(), failed.header("clear-site-data")), (503, ""), "{path}");
        assert!(failed.set_cookies().is_empty(), "{path}");
    }
    app.database.execute("ALTER TABLE gone RENAME TO waxseal_sessions", &[]).await;
}

#[actix_web::test]
async fn pages_are_kept_by_no_cache() {
    for (name, answer) in answers().await {
        let of_a_file = answer.header("cache-control").contains("immutable");
        assert!(of_a_file || answer.header("cache-control") == "no-store", "{name}: {answer:?}");
    }
}

#[actix_web::test]
async fn pages_and_errors_are_html_and_tell_no_causes() {
    for (name, answer) in answers().await {
        if name.starts_with("public") || name.starts_with("json") || answer.status.is_redirection()
        {
            continue;
        }
        assert_eq!(answer.header("content-type"), "text/html; charset=utf-8", "{name}");
        assert!(answer.body.starts_with("<!doctype html>"), "{name}: {}", answer.body);
        assert!(answer.body.contains("<h1>"), "{name}: {}", answer.body);
        for cause in ["sqlx", "actix", "serde", "panicked", "duplicate field", "Content type"] {
            assert!(!answer.body.contains(cause), "{name}: {}", answer.body);
        }
    }
}

/// One of every kind.
async fn answers() -> Vec<(&'static str, Answer)> {
    let app = App::start().await;
    answers_of(&app, "waxseal").await
}

async fn answers_of(app: &App, cookie_name: &str) -> Vec<(&'static str, Answer)> {
    let mut visitor = app.client();
    let mut ann = app.signed_up(EMAIL).await;
    let login = visitor.get("/login").await;
    let css = login.body.split('"').find(|part| part.ends_with(".css")).unwrap().to_owned();
    let form = "application/x-www-form-urlencoded";
    let mut throttled = app.client();
    for _ in 0..5 {
        throttled.log_in("eve@example.com", "not the password").await;
    }
    let mut garbled = app.client();
    garbled.set_cookie(cookie_name, "garbled");
    let foreign = visitor.request(Method::POST, "/login").header("Origin", EVIL);
    let foreign_read = ann.request(Method::GET, "/api/session").header("Origin", EVIL);
    let preflight = visitor
        .request(Method::OPTIONS, "/api/session")
        .header("Origin", EVIL)
        .header("Access-Control-Request-Method", "GET");
    let mut answers = vec![
        ("json: session for another site", ann.send(foreign_read).await),
        ("json: 405 of another site's question", visitor.send(preflight).await),
        ("foreign: 403 of another site", visitor.send(foreign).await),
        ("429", throttled.log_in("eve@example.com", "not the password").await),
        ("an unreadable cookie", garbled.get("/login").await),
        ("json: session", ann.get("/api/session").await),
        ("json: 401", visitor.get("/api/session").await),
        ("json: 404", visitor.get("/api/nope").await),
        ("json: 405", visitor.send(visitor.request(Method::PUT, "/api/session")).await),
        ("public: ready", visitor.get("/readyz").await),
        ("public: 404", visitor.get("/static/nope.css").await),
        ("public: the style sheet", visitor.get(&css).await),
        ("public: health", visitor.get("/healthz").await),
        ("log-in", login),
        ("sign-up", visitor.get("/signup").await),
        ("profile", ann.get("/profile").await),
        ("sessions", ann.get("/sessions").await),
        ("log-ins", ann.get("/logins").await),
        ("403 of a role", ann.get("/admin/users").await),
        ("refused deletion", ann.post("/profile/delete", &[("password", "x")]).await),
        ("404 of a session", ann.post("/sessions/x/revoke", &[]).await),
        ("home", visitor.get("/").await),
        ("guard", visitor.get("/profile").await),
        ("refused log-in", visitor.log_in(EMAIL, "not the password").await),
        ("granted log-in", app.client().log_in(EMAIL, PASSWORD).await),
        ("log-out", ann.log_out().await),
        ("400", visitor.post_body("/login", form, "email=a&email=b").await),
        ("400 of a query", visitor.get("/login?next=/a&next=/b").await),
        ("404", visitor.get("/nope").await),
        ("405", visitor.send(visitor.request(Method::PUT, "/login")).await),
        ("413", visitor.post_body("/login", form, "x".repeat(20_000)).await),
        ("415", visitor.post_body("/login", "application/json", "{}").await),
        ("json: log-out", app.client().post("/api/logout", &[]).await),
    ];
    // The last ones: without its tables, the database is of no use.
    app.database.execute("ALTER TABLE users RENAME TO gone", &[]).await;
    answers.push(("503", app.client().log_in(EMAIL, PASSWORD).await));
    app.database.execute("ALTER TABLE gone RENAME TO users", &[]).await;
    answers
}

/// actix-http answers what is not valid HTTP itself: docs/threat-model.md says so, too.
#[actix_web::test]
async fn what_is_not_valid_http_is_answered_with_a_bare_status() {
    let app = App::start_with(&[("APP_ENV", "production")]).await;
    let large = format!("GET / HTTP/1.1\r\nHost: localhost\r\nX: {}", "x".repeat(150_000));
    for (request, status) in [("hello\r\n\r\n", 400), (large.as_str(), 431)] {
        is_bare(&Answer::parse(&app.raw(request)).unwrap(), status);
    }
}

/// Nothing but the status: no page that a header could protect, and the connection is closed.
fn is_bare(answer: &Answer, status: u16) {
    assert_eq!(answer.status, status);
    assert_eq!(answer.body, "");
    let mut names: Vec<&str> = answer.headers.keys().map(|name| name.as_str()).collect();
    names.sort_unstable();
    assert_eq!(names, ["connection", "content-length", "date"]);
    assert_eq!(answer.header("content-length"), "0");
    assert_eq!(answer.header("connection"), "close");
}
