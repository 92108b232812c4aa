//! How long sessions live: while they are used, and never longer than they may.

use serde_json::Value;
use test_support::{App, Client, DAY, EMAIL, HOUR, PASSWORD, SECRET, START};
use waxseal_session::{Keyring, Secret, Timestamp};

const MODES: [&str; 2] = ["cookie", "database"];

#[actix_web::test]
async fn an_active_user_stays_logged_in() {
    for mode in MODES {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        for _ in 0..4 {
            app.clock.advance(6 * DAY);
            assert!(ann.is_logged_in().await, "{mode}, {}", app.clock.now());
        }
        assert_eq!(app.clock.now(), START + 24 * DAY);
        assert_eq!(app.database.number("SELECT COUNT(*) FROM waxseal_sessions").await, 1);
    }
}

#[actix_web::test]
async fn a_session_is_refreshed_when_a_quarter_of_its_time_is_left() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let token = ann.session().unwrap().to_owned();
    app.clock.advance(5 * DAY + 6 * HOUR - HOUR / 3600);
    let early = ann.get("/profile").await;
    assert!(early.set_cookies().is_empty(), "{early:?}");
    app.clock.advance(HOUR / 3600);
    let due = ann.get("/profile").await;
    let new = ann.session().unwrap();
    assert_ne!(new, token);
    let cookie = format!("waxseal={new}; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800");
    assert_eq!(due.set_cookies(), [cookie]);
    assert!(due.body.contains("30 May 2033, 09:33 UTC"), "the profile knows: {}", due.body);
    assert!(ann.get("/profile").await.set_cookies().is_empty(), "once is enough");
}

#[actix_web::test]
async fn a_refresh_moves_cookie_token_and_row_together() {
    for mode in MODES {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let before = claims(&ann);
        // The last of these hits the lifetime.
        for (days, left) in [(6, 7), (6, 7), (6, 7), (6, 6)] {
            app.clock.advance(days * DAY);
            let answer = ann.get("/profile").await;
            let max_age = left * 86_400;
            assert!(
                answer.set_cookies()[0].ends_with(&format!("; Max-Age={max_age}")),
                "{answer:?}"
            );
            let after = claims(&ann);
            let exp = app.clock.now().as_unix() + max_age;
            assert_eq!(after["exp"], exp);
            assert_eq!(after["iat"], app.clock.now().as_unix());
            assert_eq!(
                (&after["sid"], &after["auth_time"]),
                (&before["sid"], &before["auth_time"])
            );
            assert_eq!(app.database.number("SELECT expires_at FROM waxseal_sessions").await, exp);
        }
    }
}

#[actix_web::test]
async fn the_cookie_from_before_a_refresh_lives_on_until_its_own_end() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let old = ann.session().unwrap().to_owned();
    app.clock.advance(6 * DAY);
    let mut other_tab = app.client();
    other_tab.set_cookie("waxseal", &old);
    assert!(ann.is_logged_in().await);
    assert!(other_tab.is_logged_in().await, "two tabs at once");
    let mut stale = app.client();
    stale.set_cookie("waxseal", &old);
    app.clock.advance(DAY);
    assert!(!stale.is_logged_in().await);
    assert!(ann.is_logged_in().await);
}

#[actix_web::test]
async fn a_session_that_is_not_used_ends() {
    for mode in MODES {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let mut thief = app.client();
        thief.set_cookie("waxseal", ann.session().unwrap());
        app.clock.advance(7 * DAY);
        assert_eq!(ann.session(), None, "the browser drops the cookie");
        let answer = thief.get("/profile").await;
        assert_eq!(answer.redirects_to(), "/login?next=/profile");
        assert!(answer.clears_the_cookie(), "{answer:?}");
        assert!(!ann.is_logged_in().await);
    }
}

#[actix_web::test]
async fn a_session_ends_at_its_exact_second() {
    let app =
        App::start_with(&[("SESSION_IDLE_TIMEOUT", "10s"), ("SESSION_LIFETIME", "10s")]).await;
    let mut ann = app.signed_up(EMAIL).await;
    app.clock.set(Timestamp::from_unix(START.as_unix() + 9));
    let answer = ann.get("/profile").await;
    assert_eq!(answer.status, 200);
    assert!(answer.set_cookies().is_empty(), "there is nothing left to gain: {answer:?}");
    let mut thief = app.client();
    thief.set_cookie("waxseal", ann.session().unwrap());
    app.clock.set(Timestamp::from_unix(START.as_unix() + 10));
    assert_eq!(ann.session(), None);
    assert!(!thief.is_logged_in().await);
}

#[actix_web::test]
async fn no_session_outlives_the_lifetime_however_active() {
    for mode in MODES {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        for day in 1..30 {
            app.clock.set(START + day * DAY);
            assert!(ann.is_logged_in().await, "day {day}");
        }
        let mut thief = app.client();
        thief.set_cookie("waxseal", ann.session().unwrap());
        app.clock.set(START + 30 * DAY);
        assert_eq!(ann.session(), None);
        assert!(!thief.is_logged_in().await);
        assert_eq!(ann.log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
        app.clock.advance(6 * DAY);
        assert!(ann.is_logged_in().await, "a new log-in begins a new lifetime");
    }
}

#[actix_web::test]
async fn the_durations_are_settings() {
    let app = App::start_with(&[
        ("SESSION_IDLE_TIMEOUT", "1h"),
        ("SESSION_LIFETIME", "2h"),
        ("SESSION_REFRESH_BELOW", "1h"),
    ])
    .await;
    let mut ann = app.client();
    let answer = ann.sign_up(EMAIL, PASSWORD).await;
    assert!(answer.set_cookies()[0].ends_with("; Max-Age=3600"), "{answer:?}");
    app.clock.advance(HOUR / 3600);
    let answer = ann.get("/profile").await;
    assert!(answer.set_cookies()[0].ends_with("; Max-Age=3600"), "on every request: {answer:?}");
    app.clock.set(START + HOUR);
    assert!(ann.is_logged_in().await);
    app.clock.set(START + 2 * HOUR);
    assert!(!ann.is_logged_in().await);
}

#[actix_web::test]
async fn a_session_whose_row_is_gone_is_over_at_its_refresh() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    assert_eq!(app.database.execute("DELETE FROM waxseal_sessions", &[]).await, 1);
    app.clock.advance(6 * DAY);
    let answer = ann.get("/profile").await;
    assert_eq!(answer.redirects_to(), "/login?next=/profile");
    assert!(answer.clears_the_cookie(), "{answer:?}");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM waxseal_sessions").await, 0);
}

fn claims(browser: &Client) -> Value {
    let keyring = Keyring::new(&Secret::new(SECRET).unwrap());
    let unsealed = keyring.unseal("session:waxseal", browser.session().unwrap()).unwrap();
    serde_json::from_slice(&unsealed.plaintext).unwrap()
}
