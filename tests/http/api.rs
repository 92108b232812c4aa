//! The JSON for scripts and apps.

use reqwest::Method;
use serde_json::{Value, json};
use test_support::{App, COOKIE_NAME, Client, DAY, EMAIL};

#[actix_web::test]
async fn the_session_is_told_as_json() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let answer = ann.get("/api/session").await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.header("cache-control"), "no-store");
        let session: Value = serde_json::from_str(&answer.body).unwrap();
        let id = app.database.texts("SELECT id FROM waxseal_sessions", &[]).await.remove(0);
        let expected = json!({
            "user_id": app.id_of(EMAIL).await,
            "role": "user",
            "session_id": id,
            "created_at": "2033-05-18T03:33:20Z",
            "expires_at": "2033-05-25T03:33:20Z",
        });
        assert_eq!(session, expected, "{mode}");
    }
}

#[actix_web::test]
async fn polling_is_no_activity() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let mut phone = app.logged_in(EMAIL).await;
        // Due for a refresh.
        app.clock.advance(6 * DAY);
        for method in [Method::GET, Method::HEAD] {
            let answer = ann.send(ann.request(method, "/api/session")).await;
            assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 0), "{mode}");
        }
        let answer = ann.get("/api/session").await;
        assert!(answer.contains_text(r#""expires_at":"2033-05-25T03:33:20Z""#), "{}", answer.body);
        let (_, others) = body(&mut phone, "/sessions").await;
        assert!(others.contains(">18 May 2033, 03:33 UTC<"), "last seen at the log-in: {others}");

        // Browsers keep the cookie no longer, but a script may.
        let cookie = ann.session().unwrap().to_owned();
        ann.set_cookie(COOKIE_NAME, &cookie);
        app.clock.advance(DAY);
        let over = ann.get("/api/session").await;
        assert_eq!(over.status, 401, "{mode}");
        assert!(over.clears_the_cookie(), "{over:?}");
        assert!(phone.is_logged_in().await, "{mode}: a page is activity");
    }
}

/// The list of sessions: this one, and the others.
async fn body(browser: &mut Client, path: &str) -> (String, String) {
    let page = browser.get(path).await;
    let (this, others) = page.body.split_once("Other sessions").unwrap();
    (this.to_owned(), others.to_owned())
}

#[actix_web::test]
async fn an_administrators_role_is_told() {
    let app = App::start().await;
    let answer = app.admin().await.get("/api/session").await;
    assert!(answer.contains_text(r#""role":"admin""#), "{}", answer.body);
}

#[actix_web::test]
async fn a_visitor_is_a_401_in_json() {
    let app = App::start().await;
    let mut visitor = app.client();
    let answer = visitor.get("/api/session").await;
    assert_eq!(answer.status, 401);
    assert_eq!(answer.header("content-type"), "application/json");
    assert_eq!(answer.body, r#"{"error":"not logged in"}"#);
    assert!(answer.set_cookies().is_empty());
    visitor.set_cookie("waxseal", "unreadable");
    let answer = visitor.get("/api/session").await;
    assert_eq!(answer.status, 401);
    assert!(answer.clears_the_cookie(), "{answer:?}");
}

#[actix_web::test]
async fn logging_out_says_so_and_a_copied_cookie_is_dead_after_it() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let mut copy = ann.clone();
        let answer = ann.press("/api/logout").await;
        let said = r#"{"success":true,"message":"Logged out successfully"}"#;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-type"), "application/json");
        assert_eq!(answer.body, said);
        assert!(answer.clears_the_cookie(), "{answer:?}");
        let dead = copy.get("/api/session").await;
        assert_eq!(dead.status, 401, "{mode}");
        assert!(dead.clears_the_cookie(), "{dead:?}");

        let again = ann.press("/api/logout").await;
        assert_eq!((again.status.as_u16(), again.body.as_str()), (200, said));
        assert!(again.set_cookies().is_empty());
    }
}

#[actix_web::test]
async fn the_body_of_a_log_out_is_ignored() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let answer = ann.post_body("/api/logout", "text/plain", "x".repeat(100_000)).await;
    assert_eq!(answer.status, 200);
    assert!(!ann.is_logged_in().await);
}
