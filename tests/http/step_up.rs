//! Step-up: what a stolen session must not do asks for the password again, unless it was entered a moment ago.

use std::time::Duration;

use reqwest::Method;
use test_support::{Answer, App, Client, EMAIL, HOUR, PASSWORD, SECOND};

const WRONG: &str = "not the password of anyone";
const MINUTE: Duration = Duration::from_secs(60);
/// A page that asks for it.
const GUARDED: &str = "/profile/email";
const CONFIRM: &str = "/confirm?next=/profile/email";
const FORM: &str = "6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11";

#[actix_web::test]
async fn the_password_is_asked_for_again_after_a_quarter_of_an_hour() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.clock.advance(15 * MINUTE);
    assert_eq!(ann.get(GUARDED).await.status, 200);
    assert_eq!(ann.get("/confirm?next=/sessions").await.redirects_to(), "/sessions", "no need");
    app.clock.advance(SECOND);
    assert_eq!(ann.get(GUARDED).await.redirects_to(), CONFIRM);
    let posted = ann.post(GUARDED, &[("email", "new@example.com")]).await;
    assert_eq!(posted.redirects_to(), CONFIRM, "the form has a page to come back to");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM mail_counts").await, 0);

    let page = ann.get(CONFIRM).await;
    assert_eq!(page.status, 200);
    assert_eq!(page.typed("next").as_deref(), Some(GUARDED));
    assert_eq!(page.typed("username").as_deref(), Some(EMAIL));
    assert!(page.contains_text(r#"<label for="password">"#), "{}", page.body);
    assert!(page.contains_text(r#"autocomplete="current-password""#), "{}", page.body);
    assert_eq!(step_up(&mut ann, PASSWORD).await.redirects_to(), GUARDED);
    assert_eq!(ann.get(GUARDED).await.status, 200);
}

#[actix_web::test]
async fn how_long_it_takes_is_a_setting() {
    let app = App::start_with(&[("STEP_UP_AFTER", "2h")]).await;
    let mut ann = app.signed_up(EMAIL).await;
    app.clock.advance(2 * HOUR);
    assert_eq!(ann.get(GUARDED).await.status, 200);
    app.clock.advance(SECOND);
    assert_eq!(ann.get(GUARDED).await.redirects_to(), CONFIRM);
}

#[actix_web::test]
async fn the_session_is_renewed_and_the_others_stay() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut admin = app.admin().await;
        let (mut phone, mut thief) = (app.logged_in(EMAIL).await, admin.clone());
        let id = admin.session_id().await;
        app.clock.advance(HOUR);
        assert_eq!(step_up(&mut admin, PASSWORD).await.redirects_to(), GUARDED);
        assert_ne!(admin.session_id().await, id);
        assert_eq!(admin.get("/admin/users").await.status, 200, "the state is kept");
        assert!(admin.get("/profile").await.contains_text("18 May 2033, 04:33 UTC"), "auth_time");
        assert!(phone.is_logged_in().await);
        assert!(!thief.is_logged_in().await, "{mode}: a copy of the old cookie is dead");
    }
}

/// Whoever has stolen the cookie does not have the password.
#[actix_web::test]
async fn a_wrong_password_is_refused_counted_and_throttled() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.clock.advance(HOUR);
    for (password, error) in [(WRONG, "Your password is incorrect."), ("", "Enter a password.")] {
        let answer = step_up(&mut ann, password).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.error("password").as_deref(), Some(error));
        assert_eq!(answer.typed("next").as_deref(), Some(GUARDED));
        assert_eq!(answer.typed("password"), None, "never sent back");
        assert!(answer.set_cookies().is_empty());
    }
    for _ in 0..4 {
        assert_eq!(step_up(&mut ann, WRONG).await.status, 422);
    }
    let throttled = step_up(&mut ann, PASSWORD).await;
    assert_eq!(throttled.status, 429);
    assert!(!throttled.header("retry-after").is_empty());
    assert_eq!(ann.get(GUARDED).await.redirects_to(), CONFIRM);
    app.clock.advance(MINUTE);
    assert_eq!(step_up(&mut ann, PASSWORD).await.redirects_to(), GUARDED);
}

#[actix_web::test]
async fn a_visitor_logs_in_which_is_enough_and_next_stays_on_this_site() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut visitor = app.client();
    let login = "/login?next=/profile/email";
    assert_eq!(visitor.get(CONFIRM).await.redirects_to(), login);
    assert_eq!(step_up(&mut visitor, PASSWORD).await.redirects_to(), login);
    app.clock.advance(HOUR);
    let form = [("password", PASSWORD), ("next", "//evil.example")];
    assert_eq!(ann.post("/confirm", &form).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn another_site_can_not_send_the_form() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let form = [("password", PASSWORD)];
    let request = ann.request(Method::POST, "/confirm").header("Sec-Fetch-Site", "cross-site");
    let request = request.form(&form);
    assert_eq!(ann.send(request).await.status, 403);
}

/// At once, or one after the other by a browser that has no answer yet, or has it; on one node, or on two.
#[actix_web::test]
async fn the_form_sent_twice_renews_the_session_once() {
    for (way, elsewhere) in [(0, false), (1, false), (2, false), (0, true), (1, true)] {
        let app = App::start().await;
        let node = app.another_node(&[]).await;
        let mut one = app.signed_up(EMAIL).await;
        app.clock.advance(HOUR);
        let mut two = one.clone();
        if elsewhere {
            two.move_to(&node);
        }
        let (first, second) = match way {
            0 => tokio::join!(step_up(&mut one, PASSWORD), step_up(&mut two, PASSWORD)),
            1 => (step_up(&mut one, PASSWORD).await, step_up(&mut two, PASSWORD).await),
            _ => {
                let first = step_up(&mut one, PASSWORD).await;
                two = one.clone();
                (first, step_up(&mut two, PASSWORD).await)
            }
        };
        for answer in [&first, &second] {
            assert_eq!(answer.redirects_to(), GUARDED, "{way} {elsewhere}");
        }
        assert_eq!(one.session_id().await, two.session_id().await, "{way} {elsewhere}");
        let live = "SELECT COUNT(*) FROM waxseal_sessions WHERE revoked_at IS NULL";
        assert_eq!(app.database.number(live).await, 1, "{way} {elsewhere}");
    }
}

/// The cookie that was replaced gets no one in without the password, nor with another form.
#[actix_web::test]
async fn the_old_cookie_repeats_nothing_but_the_same_form_with_the_password() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.clock.advance(HOUR);
    let old = ann.clone();
    step_up(&mut ann, PASSWORD).await.redirects_to();
    let another_form = "00000000-7f0b-4d5c-9f43-0a4b0c3e2d11";
    for (password, form) in [(WRONG, FORM), (PASSWORD, another_form), (PASSWORD, "")] {
        let mut copy = old.clone();
        let fields = [("password", password), ("form", form)];
        let answer = copy.post("/confirm", &fields).await;
        assert_eq!(answer.redirects_to(), "/login", "{password} {form}");
        assert!(answer.session().is_none());
    }
    app.clock.advance(MINUTE);
    let late = step_up(&mut old.clone(), PASSWORD).await;
    assert_eq!(late.redirects_to(), "/login?next=/profile/email");
}

async fn step_up(browser: &mut Client, password: &str) -> Answer {
    let form = [("password", password), ("next", GUARDED), ("form", FORM)];
    browser.post("/confirm", &form).await
}
