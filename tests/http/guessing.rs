//! Guessing passwords: after too many tries one has to wait, and only where the tries came from.

use std::time::Duration;

use actix_web::rt;
use reqwest::Method;
use test_support::{Answer, App, Client, DAY, EMAIL, PASSWORD, SECOND};

const WRONG: &str = "not the password of anybody";
const MINUTE: Duration = Duration::from_secs(60);

#[actix_web::test]
async fn from_the_fifth_failure_on_there_is_a_wait_that_doubles_to_an_hour() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    for email in [EMAIL, "unknown@example.com"] {
        let mut visitor = app.client();
        for _ in 0..5 {
            assert_eq!(visitor.log_in(email, WRONG).await.status, 422, "{email}");
        }
        for wait in [30, 60, 120, 240, 480, 960, 1920, 3600, 3600] {
            let refused = visitor.log_in(email, WRONG).await;
            assert_wait(&refused, wait);
            app.clock.advance(wait * SECOND - SECOND);
            assert_wait(&visitor.log_in(email, WRONG).await, 1);
            app.clock.advance(SECOND);
            assert_eq!(visitor.log_in(email, WRONG).await.status, 422, "{email} {wait}");
        }
    }
}

#[actix_web::test]
async fn meanwhile_the_right_password_is_refused_and_then_it_clears_the_count() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let mut ann = app.client();
    guess(&mut ann, EMAIL, 5).await;
    let refused = ann.log_in(EMAIL, PASSWORD).await;
    assert_wait(&refused, 30);
    assert_eq!(refused.typed("email").as_deref(), Some(EMAIL));
    assert!(refused.body.contains("Too many attempts. Try again in 30 seconds."), "{refused:?}");
    assert!(refused.set_cookies().is_empty());
    app.clock.advance(30 * SECOND);
    assert_eq!(ann.log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
    guess(&mut app.client(), EMAIL, 5).await;
}

#[actix_web::test]
async fn an_address_without_an_account_is_answered_alike() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let mut answers = Vec::new();
    for email in [EMAIL, "eve@example.com"] {
        let mut visitor = app.client();
        for _ in 0..6 {
            let answer = visitor.log_in(email, WRONG).await;
            answers.push((answer.status, answer.body.replace(email, "")));
        }
    }
    let unknown = answers.split_off(6);
    assert_eq!(answers, unknown);
}

#[actix_web::test]
async fn neither_a_restart_nor_another_node_changes_anything() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    guess(&mut app.client(), EMAIL, 3).await;
    let other = app.another_node(&[]).await;
    guess(&mut other.client(), EMAIL, 2).await;
    assert_wait(&app.client().log_in(EMAIL, PASSWORD).await, 30);
    let app = app.restart(&[]).await;
    assert_wait(&app.client().log_in(EMAIL, PASSWORD).await, 30);
}

#[actix_web::test]
async fn many_right_ones_at_once_are_all_granted() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    guess(&mut app.client(), EMAIL, 4).await;
    let log_ins: Vec<_> = (0..20)
        .map(|_| {
            let mut ann = app.client();
            rt::spawn(async move { ann.log_in(EMAIL, PASSWORD).await.status.as_u16() })
        })
        .collect();
    for log_in in log_ins {
        assert_eq!(log_in.await.unwrap(), 303);
    }
}

/// All of them are let in before the first is known to be wrong; no more than five learn of it.
#[actix_web::test]
async fn many_at_once_are_no_more_than_one_after_another() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let guesses: Vec<_> = (0..20)
        .map(|_| {
            let mut visitor = app.client();
            rt::spawn(async move { visitor.log_in(EMAIL, WRONG).await.status.as_u16() })
        })
        .collect();
    let mut looked_at = 0;
    for guess in guesses {
        match guess.await.unwrap() {
            422 => looked_at += 1,
            status => assert_eq!(status, 429),
        }
    }
    assert_eq!(looked_at, 5);
}

#[actix_web::test]
async fn an_attacker_elsewhere_does_not_lock_the_owner_out() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    let owner = |network: u8| format!("192.0.2.{network}");
    sign_up_from(&app, &owner(1)).await;
    // From a thousand places: each of them is new.
    guess_from_five_places(&app).await;
    assert_wait(&log_in_from(&app, "203.0.113.9", WRONG).await, 30);
    assert_wait(&log_in_from(&app, &owner(2), PASSWORD).await, 30);
    // Where the owner has logged in before, only what comes from there counts.
    assert_eq!(log_in_from(&app, &owner(1), PASSWORD).await.status, 303);
    // Elsewhere it does not show that they were here.
    assert_wait(&log_in_from(&app, "198.51.100.9", WRONG).await, 30);
    for _ in 0..5 {
        assert_eq!(log_in_from(&app, &owner(1), WRONG).await.status, 422);
    }
    assert_eq!(log_in_from(&app, &owner(1), PASSWORD).await.status, 429);
}

/// Otherwise a guesser would only have to return to where they guessed before.
#[actix_web::test]
async fn failed_log_ins_alone_do_not_make_a_network_known() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    sign_up_from(&app, "192.0.2.1").await;
    guess_from_five_places(&app).await;
    assert_wait(&log_in_from(&app, "198.51.100.0", PASSWORD).await, 30);
}

#[actix_web::test]
async fn of_ipv6_home_is_the_whole_network() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    sign_up_from(&app, "2001:db8:1:2::1").await;
    guess_from_five_places(&app).await;
    assert_wait(&log_in_from(&app, "2001:db8:1:3::1", PASSWORD).await, 30);
    assert_eq!(log_in_from(&app, "2001:db8:1:2:3:4:5:6", PASSWORD).await.status, 303);
}

#[actix_web::test]
async fn the_owners_log_in_clears_no_count_of_a_network_elsewhere() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    sign_up_from(&app, "192.0.2.1").await;
    for _ in 0..5 {
        assert_eq!(log_in_from(&app, "198.51.100.1", WRONG).await.status, 422);
    }
    assert_eq!(log_in_from(&app, "192.0.2.1", PASSWORD).await.status, 303);
    assert_wait(&log_in_from(&app, "198.51.100.1", WRONG).await, 30);
    // Nor the count of all networks: it must not show that the owner was here.
    assert_wait(&log_in_from(&app, "198.51.100.2", WRONG).await, 30);
}

#[actix_web::test]
async fn what_was_typed_as_an_address_is_not_kept() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    for email in [EMAIL, "hunter2@example.com"] {
        guess(&mut app.client(), email, 1).await;
    }
    let kept = "SELECT account FROM login_failures UNION ALL SELECT network FROM login_failures";
    let kept = app.database.texts(kept, &[]).await;
    assert_eq!(kept.len(), 8, "{kept:?}");
    assert!(!kept.iter().any(|kept| kept.contains('@')), "{kept:?}");
}

#[actix_web::test]
async fn a_header_that_anybody_can_send_changes_nothing() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    for place in 0..5 {
        let answer = log_in_from(&app, &format!("198.51.100.{place}"), WRONG).await;
        assert_eq!(answer.status, 422);
    }
    assert_wait(&log_in_from(&app, "203.0.113.9", PASSWORD).await, 30);
}

#[actix_web::test]
async fn wrong_passwords_on_other_forms_count_too() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let change = [("current_password", WRONG), ("new_password", "orange ladder seventy geese")];
    for _ in 0..3 {
        assert_eq!(ann.post("/profile/password", &change).await.status, 422);
    }
    for path in ["/profile/delete", "/confirm"] {
        assert_eq!(ann.post(path, &[("password", WRONG)]).await.status, 422);
    }
    let password = [("password", PASSWORD)];
    for (path, form) in [
        ("/profile/password", &change[..]),
        ("/profile/delete", &password),
        ("/confirm", &password),
    ] {
        let refused = ann.post(path, form).await;
        assert_wait(&refused, 30);
        assert!(refused.set_cookies().is_empty());
    }
    assert_wait(&app.client().log_in(EMAIL, PASSWORD).await, 30);
    assert!(ann.is_logged_in().await);
    app.clock.advance(30 * SECOND);
    assert_eq!(ann.post("/profile/delete", &[("password", PASSWORD)]).await.status, 303);
}

#[actix_web::test]
async fn the_right_password_with_something_else_wrong_is_no_failure() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for _ in 0..8 {
        let change = [("current_password", PASSWORD), ("new_password", "short")];
        assert_eq!(ann.post("/profile/password", &change).await.status, 422);
    }
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 303);
}

#[actix_web::test]
async fn a_day_after_the_last_failure_all_is_forgotten() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    guess(&mut app.client(), EMAIL, 5).await;
    app.clock.advance(DAY);
    guess(&mut app.client(), EMAIL, 5).await;
    assert_wait(&app.client().log_in(EMAIL, WRONG).await, 30);
}

#[actix_web::test]
async fn one_network_signs_up_so_many_people_and_no_more() {
    let app = App::start().await;
    let mut visitor = app.client();
    for _ in 0..30 {
        assert_eq!(visitor.sign_up("not an address", WRONG).await.status, 422);
    }
    let refused = visitor.sign_up(EMAIL, PASSWORD).await;
    assert_wait(&refused, 60);
    assert_eq!(refused.typed("email").as_deref(), Some(EMAIL));
    app.clock.elapse(MINUTE);
    assert_eq!(visitor.sign_up(EMAIL, PASSWORD).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn one_network_tries_so_many_accounts_and_no_more() {
    let app = App::start().await;
    let mut visitor = app.client();
    for number in 0..100 {
        // Nothing is hashed for what can't be a password.
        let answer = visitor.log_in(&format!("person{number}@example.com"), "").await;
        assert_eq!(answer.status, 422);
    }
    assert_wait(&visitor.log_in(EMAIL, PASSWORD).await, 1);
    app.clock.elapse(SECOND);
    assert_eq!(visitor.log_in(EMAIL, PASSWORD).await.status, 422);
}

/// Signing up with an address that has an account is a log-in. Who really signs up is not limited by it.
#[actix_web::test]
async fn signing_up_with_a_known_address_is_limited_with_the_log_ins() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    for _ in 0..100 {
        assert_eq!(app.client().log_in(EMAIL, "").await.status, 422);
    }
    assert_wait(&app.client().sign_up(EMAIL, PASSWORD).await, 1);
    let answer = app.client().sign_up("bob@example.com", PASSWORD).await;
    assert_eq!(answer.redirects_to(), "/profile");
}

#[actix_web::test]
async fn the_other_forms_that_take_a_password_are_limited_with_the_log_ins() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for _ in 0..100 {
        assert_eq!(app.client().log_in(EMAIL, "").await.status, 422);
    }
    let change = [("current_password", PASSWORD), ("new_password", "orange ladder seventy geese")];
    assert_wait(&ann.post("/profile/password", &change).await, 1);
    for path in ["/profile/delete", "/confirm"] {
        assert_wait(&ann.post(path, &[("password", PASSWORD)]).await, 1);
    }
    app.clock.elapse(SECOND);
    assert_eq!(ann.post("/profile/password", &change).await.redirects_to(), "/profile");
}

async fn guess(visitor: &mut Client, email: &str, times: usize) {
    for _ in 0..times {
        assert_eq!(visitor.log_in(email, WRONG).await.status, 422);
    }
}

async fn sign_up_from(app: &App, address: &str) {
    let form = [("email", EMAIL), ("password", PASSWORD)];
    assert_eq!(post_from(app, address, "/signup", &form).await.status, 303);
}

async fn guess_from_five_places(app: &App) {
    for place in 0..5 {
        let answer = log_in_from(app, &format!("198.51.100.{place}"), WRONG).await;
        assert_eq!(answer.status, 422, "{place}");
    }
}

async fn log_in_from(app: &App, address: &str, password: &str) -> Answer {
    post_from(app, address, "/login", &[("email", EMAIL), ("password", password)]).await
}

async fn post_from(app: &App, address: &str, path: &str, form: &[(&str, &str)]) -> Answer {
    let mut browser = app.client();
    let request = browser.request(Method::POST, path).header("X-Forwarded-For", address);
    browser.send(request.form(form)).await
}

fn assert_wait(answer: &Answer, seconds: u32) {
    let waits = (answer.status.as_u16(), answer.header("retry-after").to_owned());
    assert_eq!(waits, (429, seconds.to_string()), "{}", answer.body);
}
