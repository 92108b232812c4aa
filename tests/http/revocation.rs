//! Revocation: an ended session is refused by every node, and no session is accepted on an outdated list.

use reqwest::StatusCode;
use test_support::{App, DAY, EMAIL, HOUR, PASSWORD, SECOND, eventually};

#[actix_web::test]
async fn a_copied_cookie_is_dead_at_once_after_either_way_to_log_out() {
    let app = App::start().await;
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
    let app = App::start().await;
    let other = app.another_node(&[]).await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut thief = ann.clone();
    thief.move_to(&other);
    assert!(thief.is_logged_in().await);

    ann.log_out().await;
    app.clock.elapse(SECOND);
    eventually(async || !thief.clone().is_logged_in().await).await;
}

/// The clock of the process that revokes may be wrong by hours.
#[actix_web::test]
async fn a_revocation_with_a_time_long_past_is_heard_of_all_the_same() {
    let app = App::start().await;
    let ann = app.signed_up(EMAIL).await;
    let revoked_at = (app.clock.now() - 3 * HOUR).as_unix().to_string();
    let late = format!(
        "UPDATE waxseal_sessions SET revoked_at = CAST($1 AS BIGINT), revoked_seq = {}",
        app.database.next_in_order()
    );
    app.database.execute(&late, &[&revoked_at]).await;
    app.clock.elapse(SECOND);
    eventually(async || ann.clone().get("/api/session").await.status == StatusCode::UNAUTHORIZED)
        .await;
}

#[actix_web::test]
async fn a_node_that_starts_knows_what_was_revoked_before() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut thief = ann.clone();
    ann.log_out().await;
    app.clock.advance(DAY);
    let other = app.another_node(&[]).await;
    thief.move_to(&other);
    assert!(!thief.is_logged_in().await);
}

#[actix_web::test]
async fn after_thirty_seconds_without_the_database_no_session_is_accepted() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.database.execute("ALTER TABLE waxseal_sessions RENAME TO out_of_reach", &[]).await;

    app.clock.elapse(30 * SECOND);
    assert_eq!(ann.get("/api/session").await.status, StatusCode::OK);

    app.clock.elapse(SECOND);
    for path in ["/api/session", "/profile", "/login"] {
        let answer = ann.get(path).await;
        assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE, "{path}");
        assert_eq!(answer.header("retry-after"), "5");
        assert_eq!(answer.set_cookies(), [""; 0]);
    }
    let mut visitor = app.client();
    assert_eq!(visitor.get("/login").await.status, StatusCode::OK);
    visitor.set_cookie("waxseal", "unreadable");
    assert!(visitor.get("/login").await.clears_the_cookie());

    app.database.execute("ALTER TABLE out_of_reach RENAME TO waxseal_sessions", &[]).await;
    app.clock.elapse(SECOND);
    eventually(async || ann.clone().get("/profile").await.status == StatusCode::OK).await;
}

/// However far: what was forgotten then would be needed again.
#[actix_web::test]
async fn setting_the_clock_forward_and_back_revives_no_session() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut thief = ann.clone();
    let cookie = thief.session().unwrap().to_owned();
    ann.log_out().await;
    let now = app.clock.now();
    app.clock.set(now + 60 * DAY);
    let event = "INSERT INTO login_events (id, at, outcome) VALUES ('old', 0, 'refused')";
    app.database.execute(event, &[]).await;
    app.clock.elapse(HOUR);
    let old = "SELECT COUNT(*) FROM login_events WHERE id = 'old'";
    eventually(async || app.database.number(old).await == 0).await;
    app.clock.set(now);
    app.clock.elapse(SECOND);
    assert!(!thief.is_logged_in().await);
    let app = app.restart(&[]).await;
    let mut thief = app.client();
    thief.set_cookie("waxseal", &cookie);
    assert!(!thief.is_logged_in().await);
}

#[actix_web::test]
async fn a_session_that_is_over_is_not_revived_by_a_clock_an_hour_behind() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut thief = ann.clone();
    ann.log_out().await;
    app.clock.set(app.clock.now() - HOUR);
    app.clock.elapse(SECOND);
    assert!(!thief.is_logged_in().await);
    assert_eq!(ann.log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
    assert!(ann.is_logged_in().await);
}

/// A database that was restored from a backup does not know the sessions opened since.
#[actix_web::test]
async fn a_log_out_holds_although_the_row_is_missing() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut thief = ann.clone();
    app.database.execute("DELETE FROM waxseal_sessions", &[]).await;
    ann.log_out().await;
    assert!(!thief.is_logged_in().await);
    let cookie = ann.clone().session().map(str::to_owned);
    assert_eq!(cookie, None);
    let app = app.restart(&[]).await;
    thief.move_to(&app);
    assert!(!thief.is_logged_in().await);
}

/// The backup knows an earlier expiry than the cookie, which was refreshed since.
#[actix_web::test]
async fn what_ends_in_a_restored_database_stays_ended_while_the_cookie_could_be_valid() {
    const ACTS: [&str; 8] =
        ["log-out", "log-in", "revoke", "others", "password", "role", "by admin", "delete"];
    for act in ACTS {
        let app = App::start().await;
        let mut admin = app.admin().await;
        let mut zoe = app.signed_up("zoe@example.com").await;
        let mut phone = app.logged_in("zoe@example.com").await;
        let id = phone.session_id().await;
        days_pass(&app, 6).await;
        assert!(phone.get("/profile").await.set_cookies().len() == 1, "refreshed");
        let restore = "UPDATE waxseal_sessions SET expires_at = auth_time + 604800";
        app.database.execute(restore, &[]).await;
        let mut thief = phone.clone();

        let of_zoe = format!("/admin/users/{}", app.id_of("zoe@example.com").await);
        let new = "orange ladder seventy geese";
        let answer = match act {
            "log-out" => phone.log_out().await,
            "log-in" => phone.log_in("zoe@example.com", PASSWORD).await,
            "revoke" => zoe.press(&format!("/sessions/{id}/revoke")).await,
            "others" => zoe.press("/sessions/revoke-others").await,
            "password" => {
                let form = [("current_password", PASSWORD), ("new_password", new)];
                zoe.post("/profile/password", &form).await
            }
            "role" => admin.post(&format!("{of_zoe}/role"), &[("role", "admin")]).await,
            "by admin" => admin.press(&format!("{of_zoe}/revoke-sessions")).await,
            _ => zoe.post("/profile/delete", &[("password", PASSWORD)]).await,
        };
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{act}: {}", answer.body);
        assert_eq!(thief.clone().get("/api/session").await.status, 401, "{act}");

        let over = "INSERT INTO waxseal_sessions
            (id, state, auth_time, last_seen, expires_at, latest_expiry) VALUES ('over', '{}', 0, 0, 0, 0)";
        app.database.execute(over, &[]).await;
        days_pass(&app, 3).await;
        let over = "SELECT COUNT(*) FROM waxseal_sessions WHERE id = 'over'";
        eventually(async || app.database.number(over).await == 0).await;
        let app = app.restart(&[]).await;
        thief.move_to(&app);
        assert!(thief.session().is_some());
        assert_eq!(thief.get("/api/session").await.status, 401, "{act}");
    }
}

/// Days pass, and the node has polled.
async fn days_pass(app: &App, days: u32) {
    app.clock.elapse(days * DAY);
    eventually(async || app.client().get("/readyz").await.status == StatusCode::OK).await;
}

#[actix_web::test]
async fn another_node_hears_of_a_new_role_a_new_password_and_a_deletion() {
    let app = App::start().await;
    let other = app.another_node(&[]).await;
    let mut admin = app.admin().await;
    let id = "SELECT id FROM users WHERE email = $1";
    for (email, act) in [
        ("bob@example.com", "role"),
        ("cid@example.com", "password"),
        ("dee@example.com", "delete"),
    ] {
        let mut person = app.signed_up(email).await;
        let mut elsewhere = app.logged_in(email).await;
        elsewhere.move_to(&other);
        assert!(elsewhere.is_logged_in().await);
        let answer = match act {
            "role" => {
                let id = app.database.texts(id, &[email]).await.remove(0);
                admin.post(&format!("/admin/users/{id}/role"), &[("role", "admin")]).await
            }
            "password" => {
                let new = "orange ladder seventy geese";
                let form = [("current_password", PASSWORD), ("new_password", new)];
                person.post("/profile/password", &form).await
            }
            _ => person.post("/profile/delete", &[("password", PASSWORD)]).await,
        };
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{act}: {}", answer.body);
        app.clock.elapse(SECOND);
        eventually(async || !elsewhere.clone().is_logged_in().await).await;
    }
}

/// Also when nothing is left of the account: the row of the session outlives it.
#[actix_web::test]
async fn the_cookie_of_a_deleted_account_is_dead_after_a_restart_too() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut thief = ann.clone();
    ann.post("/profile/delete", &[("password", PASSWORD)]).await;
    app.clock.elapse(HOUR);
    let app = app.restart(&[]).await;
    thief.move_to(&app);
    assert_eq!(thief.get("/api/session").await.status, StatusCode::UNAUTHORIZED);
}

#[actix_web::test]
async fn when_a_session_was_last_seen_is_written_within_half_a_minute() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let last_seen = || app.database.number("SELECT last_seen FROM waxseal_sessions");
    let began = last_seen().await;

    app.clock.advance(HOUR);
    assert!(ann.is_logged_in().await);
    assert_eq!(last_seen().await, began, "never on the request's way");
    app.clock.elapse(30 * SECOND);
    eventually(async || last_seen().await == began + 3600).await;
}

#[actix_web::test]
async fn the_clean_up_deletes_what_is_over_and_nothing_else() {
    let app = App::start().await;
    app.signed_up("old@example.com").await;
    let sessions = || app.database.number("SELECT COUNT(*) FROM waxseal_sessions");
    let events = || app.database.number("SELECT COUNT(*) FROM login_events");

    // A session can be refreshed for 30 days, and is kept for a day longer.
    app.clock.elapse(31 * DAY - HOUR);
    app.signed_up("new@example.com").await;
    app.clock.elapse(HOUR);
    app.clock.elapse(HOUR);
    eventually(async || sessions().await == 1).await;
    assert_eq!(events().await, 2);

    app.clock.elapse(60 * DAY);
    app.clock.elapse(HOUR);
    eventually(async || (sessions().await, events().await) == (0, 1)).await;
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 2);
}
