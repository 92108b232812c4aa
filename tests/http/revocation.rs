//! Revocation: ended is ended, on every node, and nobody is trusted on an old list.

use std::time::Duration;

use reqwest::StatusCode;

use crate::helpers::{DAY, EMAIL, HOUR, TestApp};

const SECOND: Duration = Duration::from_secs(1);

#[actix_web::test]
async fn a_copied_cookie_is_dead_at_once_after_either_way_to_log_out() {
    let app = TestApp::start().await;
    for (email, path) in [("ann@example.com", "/logout"), ("bob@example.com", "/api/logout")] {
        let mut ann = app.signed_up(email).await;
        let mut thief = ann.clone();
        assert!(thief.is_logged_in().await);
        ann.post(path, &[]).await;
        assert!(thief.get("/profile").await.clears_the_cookie(), "{path}");
        assert_eq!(thief.get("/api/session").await.status, StatusCode::UNAUTHORIZED);
    }
}

#[actix_web::test]
async fn another_node_hears_of_a_log_out_with_its_next_poll() {
    let app = TestApp::start().await;
    let other = app.another_node(|_| {}).await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut thief = ann.clone();
    thief.move_to(&other);
    assert!(thief.is_logged_in().await);

    ann.log_out().await;
    app.clock.elapse(SECOND);
    eventually(async || !thief.clone().is_logged_in().await).await;
}

/// Rows of concurrent transactions become visible out of order.
#[actix_web::test]
async fn a_revocation_that_becomes_visible_late_is_heard_of_all_the_same() {
    let app = TestApp::start().await;
    let ann = app.signed_up(EMAIL).await;
    app.clock.elapse(50 * SECOND / 2);
    app.clock.elapse(50 * SECOND / 2);
    let revoked_at = (app.clock.now().as_unix() - 50).to_string();
    let late = "UPDATE sessions SET revoked_at = CAST($1 AS BIGINT)";
    app.database.execute(late, &[&revoked_at]).await;
    app.clock.elapse(SECOND);
    eventually(async || ann.clone().get("/api/session").await.status == StatusCode::UNAUTHORIZED)
        .await;
}

#[actix_web::test]
async fn a_node_that_starts_knows_what_was_revoked_before() {
    let app = TestApp::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut thief = ann.clone();
    ann.log_out().await;
    app.clock.advance(DAY);
    let other = app.another_node(|_| {}).await;
    thief.move_to(&other);
    assert!(!thief.is_logged_in().await);
}

#[actix_web::test]
async fn after_thirty_seconds_without_a_word_nobodys_session_is_vouched_for() {
    let app = TestApp::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.database.execute("ALTER TABLE sessions RENAME TO out_of_reach", &[]).await;

    app.clock.elapse(30 * SECOND);
    assert_eq!(ann.get("/api/session").await.status, StatusCode::OK);

    app.clock.elapse(SECOND);
    for path in ["/api/session", "/profile", "/login"] {
        let answer = ann.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "5");
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
    let mut visitor = app.browser();
    assert_eq!(visitor.get("/login").await.status, StatusCode::OK);
    visitor.plant("session", "unreadable");
    assert!(visitor.get("/login").await.clears_the_cookie());

    app.database.execute("ALTER TABLE out_of_reach RENAME TO sessions", &[]).await;
    app.clock.elapse(SECOND);
    eventually(async || ann.clone().get("/profile").await.status == StatusCode::OK).await;
}

#[actix_web::test]
async fn a_revoked_session_stays_dead_on_a_clock_that_is_set_back() {
    let app = TestApp::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut thief = ann.clone();
    let cookie = thief.session().unwrap().to_owned();
    ann.log_out().await;
    let now = app.clock.now();
    // Past the session's expiry, and long enough for the list to be swept and the rows cleaned.
    app.clock.set(now + 7 * DAY + HOUR);
    app.clock.elapse(HOUR);
    app.database.number("SELECT COUNT(*) FROM sessions").await;
    app.clock.set(now);
    assert!(!thief.is_logged_in().await);
    let app = app.restart(|_| {}).await;
    let mut thief = app.browser();
    thief.plant("session", &cookie);
    assert!(!thief.is_logged_in().await);
}

#[actix_web::test]
async fn when_a_session_was_last_seen_is_written_within_half_a_minute() {
    let app = TestApp::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let last_seen = || app.database.number("SELECT last_seen FROM sessions");
    let began = last_seen().await;

    app.clock.advance(HOUR);
    assert!(ann.is_logged_in().await);
    assert_eq!(last_seen().await, began, "never on the request's way");
    app.clock.elapse(30 * SECOND);
    eventually(async || last_seen().await == began + 3600).await;
}

#[actix_web::test]
async fn the_clean_up_deletes_what_is_over_and_nothing_else() {
    let app = TestApp::start().await;
    app.signed_up("old@example.com").await;
    let sessions = || app.database.number("SELECT COUNT(*) FROM sessions");
    let events = || app.database.number("SELECT COUNT(*) FROM login_events");

    app.clock.advance(8 * DAY - HOUR);
    app.signed_up("new@example.com").await;
    app.clock.elapse(HOUR);
    app.clock.elapse(HOUR);
    eventually(async || sessions().await == 1).await;
    assert_eq!(events().await, 2);

    app.clock.advance(83 * DAY);
    app.clock.elapse(HOUR);
    eventually(async || (sessions().await, events().await) == (0, 1)).await;
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 2);
}

/// Asks until it is so: what is asked for happens beside the requests. It never takes long.
async fn eventually(condition: impl AsyncFn() -> bool) {
    for _ in 0..10_000 {
        if condition().await {
            return;
        }
    }
    panic!("it never came to be");
}
