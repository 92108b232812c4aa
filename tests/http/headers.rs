//! What every answer tells browsers and caches.

use reqwest::Method;

use crate::helpers::{Answer, EMAIL, PASSWORD, TestApp};

#[actix_web::test]
async fn every_answer_has_the_security_headers() {
    for (name, answer) in answers().await {
        for (header, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(header), value, "{header} of {name}");
        }
        let policy = answer.header("content-security-policy");
        for part in ["default-src 'none'", "form-action 'self'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{name}: {policy}");
        }
        assert!(!policy.contains("unsafe"), "{name}: {policy}");
    }
}

#[actix_web::test]
async fn pages_are_kept_by_no_cache() {
    for (name, answer) in answers().await {
        if name.starts_with("public") {
            assert_ne!(answer.header("cache-control"), "no-store", "{name}");
        } else {
            assert_eq!(answer.header("cache-control"), "no-store", "{name}");
        }
    }
}

#[actix_web::test]
async fn pages_and_errors_are_html_and_tell_no_causes() {
    for (name, answer) in answers().await {
        if name.starts_with("public") || answer.status.is_redirection() {
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
    let app = TestApp::start().await;
    let mut visitor = app.browser();
    let mut ann = app.signed_up(EMAIL).await;
    let login = visitor.get("/login").await;
    let css = login.body.split('"').find(|part| part.ends_with(".css")).unwrap().to_owned();
    let form = "application/x-www-form-urlencoded";
    vec![
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
        ("granted log-in", app.browser().log_in(EMAIL, PASSWORD).await),
        ("log-out", ann.log_out().await),
        ("400", visitor.post_body("/login", form, "email=a&email=b").await),
        ("400 of a query", visitor.get("/login?next=/a&next=/b").await),
        ("404", visitor.get("/nope").await),
        ("405", visitor.send(visitor.request(Method::PUT, "/login")).await),
        ("413", visitor.post_body("/login", form, "x".repeat(20_000)).await),
        ("415", visitor.post_body("/login", "application/json", "{}").await),
    ]
}
