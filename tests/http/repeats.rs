//! The same form sent twice, by a double click or after a lost answer, leaves the person where one would have.

use std::time::Duration;

use reqwest::Method;
use test_support::{Answer, App, Client, EMAIL, PASSWORD};

use crate::people::FIREFOX;

const NEW: &str = "orange ladder seventy geese";
const WRONG: &str = "not the password of anyone";
const MINUTE: Duration = Duration::from_secs(60);
const TAKEN: &str = "An account with this email address already exists.";

/// At once, or one after the other by a browser that has no answer yet; on one node, or on two.
const WAYS: [(bool, bool); 4] = [(true, false), (false, false), (true, true), (false, true)];

#[actix_web::test]
async fn a_sign_up_sent_twice_makes_one_account_and_one_session() {
    for (at_once, elsewhere) in WAYS {
        let app = App::start().await;
        let node = app.another_node(&[]).await;
        let [mut one, mut two] = two_clicks(&app, elsewhere.then_some(&node));
        let form = form(&mut one, "/signup", PASSWORD).await;
        let answers = send(at_once, (&mut one, &mut two), "/signup", &form).await;
        let notice = assert_same_session(&app, &mut one, &mut two, &answers).await;
        assert_eq!(notice, "Your account has been created, and you are logged in.");
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 1);
        assert_eq!(events(&app).await, ["granted"], "nothing failed");
    }
}

#[actix_web::test]
async fn a_log_in_sent_twice_opens_one_session() {
    for mode in ["cookie", "database"] {
        for (at_once, elsewhere) in WAYS {
            let app = App::start_with(&[("SESSION_MODE", mode)]).await;
            let node = app.another_node(&[("SESSION_MODE", mode)]).await;
            app.signed_up(EMAIL).await.log_out().await;
            let [mut one, mut two] = two_clicks(&app, elsewhere.then_some(&node));
            let form = form(&mut one, "/login", PASSWORD).await;
            let answers = send(at_once, (&mut one, &mut two), "/login", &form).await;
            assert_same_session(&app, &mut one, &mut two, &answers).await;
            assert_eq!(events(&app).await, ["granted", "granted"], "one sign-up, one log-in");
        }
    }
}

/// The browser had a session, which both clicks replace.
#[actix_web::test]
async fn a_log_in_sent_twice_while_logged_in_leaves_one_session() {
    for at_once in [true, false] {
        let app = App::start().await;
        app.signed_up("bob@example.com").await.log_out().await;
        let mut one = app.signed_up(EMAIL).await;
        let mut two = one.clone();
        let mut form = form(&mut app.client(), "/login", PASSWORD).await;
        form[0].1 = "bob@example.com".to_owned();
        let answers = send(at_once, (&mut one, &mut two), "/login", &form).await;
        assert_same_session(&app, &mut one, &mut two, &answers).await;
        assert!(one.get("/profile").await.contains_text("bob@example.com"));
    }
}

#[actix_web::test]
async fn a_session_belongs_to_one_form_one_client_and_one_minute() {
    let app = App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await;
    app.signed_up(EMAIL).await.log_out().await;
    let mut visitor = app.client();
    let first = form(&mut visitor, "/login", PASSWORD).await;
    let mut sessions = Vec::new();
    let mut log_in_from = async |form: &[(&'static str, String)], client: [&str; 2]| {
        let mut browser = app.client();
        let request = browser.request(Method::POST, "/login").form(form);
        let [user_agent, address] = client;
        let request = request.header("User-Agent", user_agent).header("X-Forwarded-For", address);
        browser.send(request).await.redirects_to();
        sessions.push(browser.session_id().await);
    };
    log_in_from(&first, [FIREFOX, "192.0.2.1"]).await;
    log_in_from(&first, ["", "192.0.2.2"]).await;
    let mut log_in = async |form: &[(&'static str, String)], user_agent: &str| {
        log_in_from(form, [user_agent, "192.0.2.1"]).await;
    };
    log_in(&first, "").await;
    log_in(&form(&mut visitor, "/login", PASSWORD).await, "").await;
    for no_id in ["", "x", "0"] {
        let [email, password, _] = first.clone().try_into().unwrap();
        log_in(&[email, password, ("form", no_id.to_owned())], "").await;
    }
    app.clock.advance(MINUTE);
    log_in(&first, "").await;
    log_in(&first, "").await;
    sessions.sort();
    let number = sessions.len();
    sessions.dedup();
    assert_eq!(sessions.len(), number, "each has a session of its own");
}

/// A log-in in a session opens another, also with the form that has opened it.
#[actix_web::test]
async fn the_session_that_a_form_has_opened_is_renewed_and_never_revived_by_it() {
    let app = App::start().await;
    app.signed_up(EMAIL).await.log_out().await;
    let mut ann = app.client();
    let form = form(&mut ann, "/login", PASSWORD).await;
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    ann.post("/login", &form).await.redirects_to();
    let mut copy = ann.clone();
    ann.post("/login", &form).await.redirects_to();
    assert!(ann.is_logged_in().await && !copy.is_logged_in().await);
    assert_eq!(live(&app).await, 1);

    ann.log_out().await.redirects_to();
    ann.post("/login", &form).await.redirects_to();
    assert!(ann.is_logged_in().await && !copy.is_logged_in().await);
    assert_eq!(live(&app).await, 1);
}

/// The id of a form that is about to be sent opens nothing without the password.
#[actix_web::test]
async fn the_id_of_a_form_opens_nothing() {
    let app = App::start().await;
    app.signed_up(EMAIL).await.log_out().await;
    let mut ann = app.client();
    let right = form(&mut ann, "/login", PASSWORD).await;
    let mut wrong = right.clone();
    wrong[1].1 = WRONG.to_owned();
    let [mut before, mut after] = [app.client(), app.client()];
    for (thief, path) in [(&mut before, "/login"), (&mut after, "/signup")] {
        let answer = post(thief, path, &wrong).await;
        assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (422, 0), "{path}");
        post(&mut ann, "/login", &right).await.redirects_to();
    }
}

#[actix_web::test]
async fn signing_up_again_is_guarded_like_a_log_in() {
    let app = App::start().await;
    app.signed_up(EMAIL).await.log_out().await;
    app.clock.advance(MINUTE);
    let mut visitor = app.client();
    for _ in 0..5 {
        let answer = visitor.sign_up(EMAIL, WRONG).await;
        assert_eq!(answer.status, 422);
        assert_eq!(answer.error("email").as_deref(), Some(TAKEN));
        assert!(answer.set_cookies().is_empty());
    }
    assert_eq!(events(&app).await, [&["granted"][..], &["refused"; 5]].concat());
    for password in [WRONG, PASSWORD] {
        let answer = visitor.sign_up(EMAIL, password).await;
        assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "30"));
        assert_eq!(visitor.log_in(EMAIL, password).await.status, 429, "together with log-ins");
    }
    app.clock.advance(MINUTE);
    assert_eq!(visitor.sign_up(EMAIL, PASSWORD).await.redirects_to(), "/profile");
    let notice = Some("You already had an account, and are logged in.");
    assert_eq!(visitor.get("/profile").await.notice(), notice);
}

/// The rules for new passwords are not for one that is set.
#[actix_web::test]
async fn signing_up_again_with_a_weak_password_is_a_wrong_one() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let answer = app.client().sign_up(EMAIL, "short").await;
    assert_eq!((answer.status.as_u16(), answer.error("password")), (422, None));
    assert_eq!(answer.error("email").as_deref(), Some(TAKEN));
}

#[actix_web::test]
async fn a_password_change_sent_twice_is_done_once_and_says_so_twice() {
    for mode in ["cookie", "database"] {
        for (at_once, elsewhere) in WAYS {
            let app = App::start_with(&[("SESSION_MODE", mode)]).await;
            let node = app.another_node(&[("SESSION_MODE", mode)]).await;
            let mut one = app.signed_up(EMAIL).await;
            one.get("/profile").await;
            let mut two = one.clone();
            if elsewhere {
                two.move_to(&node);
            }
            let form = change(PASSWORD, NEW);
            let answers = send(at_once, (&mut one, &mut two), "/profile/password", &form).await;
            let notice = assert_same_session(&app, &mut one, &mut two, &answers).await;
            let changed = "Your password has been changed. Your other sessions have ended.";
            assert_eq!(notice, changed);
            assert_eq!(events(&app).await, ["granted"], "nothing failed");
            assert_eq!(app.client().log_in(EMAIL, NEW).await.redirects_to(), "/profile");
        }
    }
}

/// As long as browsers let one: to the password that it was.
/// The browser has taken the first answer's cookie, and is still on the page with the form.
#[actix_web::test]
async fn a_password_change_sent_again_with_the_cookie_of_the_first_answer_is_done_too() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for _ in 0..2 {
        let answer = post(&mut ann, "/profile/password", &change(PASSWORD, NEW)).await;
        assert_eq!(answer.redirects_to(), "/profile");
        assert!(ann.is_logged_in().await);
    }
    assert_eq!(live(&app).await, 1);
    let failures = "SELECT COUNT(*) FROM login_failures WHERE failures > 0";
    assert_eq!(app.database.number(failures).await, 0);
    let guess = post(&mut ann, "/profile/password", &change(PASSWORD, WRONG)).await;
    assert_eq!(guess.status, 422);
    assert!(app.database.number(failures).await > 0);
}

#[actix_web::test]
async fn a_change_to_the_same_password_sent_twice_is_done_too() {
    for at_once in [true, false] {
        let app = App::start().await;
        let mut one = app.signed_up(EMAIL).await;
        let mut two = one.clone();
        let form = change(PASSWORD, PASSWORD);
        let answers = send(at_once, (&mut one, &mut two), "/profile/password", &form).await;
        assert_same_session(&app, &mut one, &mut two, &answers).await;
    }
}

#[actix_web::test]
async fn the_old_cookie_gets_no_one_in_without_the_new_password() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let thief = ann.clone();
    post(&mut ann, "/profile/password", &change(PASSWORD, NEW)).await.redirects_to();
    for (number, guess) in [PASSWORD, WRONG, "", "short"].into_iter().enumerate() {
        let answer = post(&mut thief.clone(), "/profile/password", &change(PASSWORD, guess)).await;
        assert_eq!(answer.redirects_to(), "/login", "{guess}");
        assert!(answer.set_cookies().is_empty(), "{guess}");
        // An empty one is no guess.
        let failed = events(&app).await.len() - 1;
        assert_eq!(failed, [1, 2, 2, 3][number], "{guess}");
    }
    // Nor is it a way around the waits.
    for _ in 0..3 {
        post(&mut thief.clone(), "/profile/password", &change(PASSWORD, WRONG)).await;
    }
    let answer = post(&mut thief.clone(), "/profile/password", &change(PASSWORD, NEW)).await;
    assert_eq!((answer.redirects_to(), answer.set_cookies().len()), ("/login", 0));
    assert!(ann.is_logged_in().await);

    app.clock.advance(MINUTE);
    let answer = post(&mut thief.clone(), "/profile/password", &change(PASSWORD, NEW)).await;
    assert_eq!(answer.redirects_to(), "/login");
    assert!(answer.clears_the_cookie(), "after a minute it can not be repeated");
}

/// Logging in again has renewed the session, and no password was changed.
#[actix_web::test]
async fn a_session_renewed_by_a_log_in_has_no_change_to_repeat() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut late = ann.clone();
    ann.log_in(EMAIL, PASSWORD).await.redirects_to();
    for (current, new) in [(WRONG, PASSWORD), (PASSWORD, NEW)] {
        let answer = post(&mut late, "/profile/password", &change(current, new)).await;
        assert!(answer.redirects_to().starts_with("/login"), "{answer:?}");
        assert!(answer.set_cookies().is_empty(), "{answer:?}");
    }
    assert_eq!(events(&app).await, ["granted", "granted"], "nothing failed");
}

/// A session that was ended by another browser's change has no successor.
#[actix_web::test]
async fn a_session_that_was_not_renewed_is_not_led_to_anothers() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut phone = app.logged_in(EMAIL).await;
    post(&mut ann, "/profile/password", &change(PASSWORD, NEW)).await.redirects_to();
    let answer = post(&mut phone, "/profile/password", &change(PASSWORD, NEW)).await;
    assert_eq!(answer.redirects_to(), "/login");
    assert!(answer.clears_the_cookie(), "{answer:?}");
}

#[actix_web::test]
async fn a_deletion_sent_twice_leads_to_the_same_page() {
    for (at_once, elsewhere) in WAYS {
        let app = App::start().await;
        let node = app.another_node(&[]).await;
        let mut one = app.signed_up(EMAIL).await;
        one.get("/profile").await;
        let mut two = one.clone();
        if elsewhere {
            two.move_to(&node);
        }
        let form = [("password", PASSWORD.to_owned())];
        let answers = send(at_once, (&mut one, &mut two), "/profile/delete", &form).await;
        for (answer, browser) in answers.iter().zip([&mut one, &mut two]) {
            assert_eq!(answer.redirects_to(), "/signup");
            assert!(answer.clears_the_cookie(), "{answer:?}");
            let notice = Some("Your account has been deleted.");
            assert_eq!(browser.get("/signup").await.notice(), notice);
        }
        assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 0);
    }
}

#[actix_web::test]
async fn what_ends_sessions_can_be_sent_twice() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let phone = app.logged_in(EMAIL).await.session_id().await;
    for path in [format!("/sessions/{phone}/revoke"), "/sessions/revoke-others".to_owned()] {
        for _ in 0..2 {
            assert_eq!(ann.press(&path).await.redirects_to(), "/sessions", "{path}");
        }
    }
    for (path, location) in [
        (format!("/sessions/{}/revoke", ann.session_id().await), "/login?next=/sessions"),
        ("/logout".to_owned(), "/login"),
    ] {
        let mut ann = app.logged_in(EMAIL).await;
        let path = match path.as_str() {
            "/logout" => path,
            _ => format!("/sessions/{}/revoke", ann.session_id().await),
        };
        let mut second = ann.clone();
        ann.press(&path).await.redirects_to();
        let answer = second.press(&path).await;
        assert_eq!(answer.redirects_to(), location);
        assert!(answer.clears_the_cookie(), "{answer:?}");
    }
}

#[actix_web::test]
async fn an_administrators_change_can_be_sent_twice() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    app.signed_up("bob@example.com").await;
    let page = format!("/admin/users/{}", app.id_of("bob@example.com").await);
    for _ in 0..2 {
        let answer = admin.post(&format!("{page}/role"), &[("role", "admin")]).await;
        assert_eq!(answer.redirects_to(), page);
        assert_eq!(admin.get(&page).await.notice(), Some("Done. The role is admin."));
        let answer = admin.press(&format!("{page}/revoke-sessions")).await;
        assert_eq!(answer.redirects_to(), page);
        assert_eq!(admin.get(&page).await.notice(), Some("Done. All sessions have ended."));
    }
    for act in ["disable", "enable", "unlock", "send-reset"] {
        let (path, mut second) = (format!("{page}/{act}"), admin.clone());
        let (one, other) = tokio::join!(admin.press(&path), second.press(&path));
        assert_eq!((one.redirects_to(), other.redirects_to()), (&*page, &*page), "{act}");
        assert!(admin.get(&page).await.notice().unwrap().starts_with("Done. "), "{act}");
    }
    // The last administrator but one gives the role back.
    let own = format!("/admin/users/{}", app.id_of(EMAIL).await);
    let mut second = admin.clone();
    for click in [&mut admin, &mut second] {
        let answer = click.post(&format!("{own}/role"), &[("role", "user")]).await;
        assert!(answer.redirects_to().starts_with("/login"), "{answer:?}");
        assert!(answer.clears_the_cookie(), "{answer:?}");
    }
}

/// A browser's two clicks: neither has the other's answer. Perhaps they reach two nodes.
fn two_clicks(app: &App, elsewhere: Option<&App>) -> [Client; 2] {
    [app.client(), elsewhere.unwrap_or(app).client()]
}

/// The filled-in form, with its id.
async fn form(browser: &mut Client, path: &str, password: &str) -> Vec<(&'static str, String)> {
    let id = browser.get(path).await.typed("form").expect("a form with an id");
    vec![("email", EMAIL.to_owned()), ("password", password.to_owned()), ("form", id)]
}

fn change(current: &str, new: &str) -> [(&'static str, String); 2] {
    [("current_password", current.to_owned()), ("new_password", new.to_owned())]
}

async fn send(
    at_once: bool,
    (one, two): (&mut Client, &mut Client),
    path: &str,
    form: &[(&'static str, String)],
) -> [Answer; 2] {
    match at_once {
        true => {
            let (first, second) = tokio::join!(post(one, path, form), post(two, path, form));
            [first, second]
        }
        false => [post(one, path, form).await, post(two, path, form).await],
    }
}

async fn post(browser: &mut Client, path: &str, form: &[(&'static str, String)]) -> Answer {
    let form: Vec<_> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
    browser.post(path, &form).await
}

/// Both clicks have led on, and whichever cookie the browser keeps is of the one session there is. Returns
/// what the next page says.
async fn assert_same_session(
    app: &App,
    one: &mut Client,
    two: &mut Client,
    answers: &[Answer],
) -> String {
    for answer in answers {
        assert_eq!(answer.redirects_to(), "/profile");
        assert!(answer.session().is_some(), "{answer:?}");
    }
    assert_eq!(one.session_id().await, two.session_id().await);
    let [first, second] = [one.get("/profile").await, two.get("/profile").await];
    assert_eq!((first.status.as_u16(), second.status.as_u16()), (200, 200));
    assert_eq!(first.notice(), second.notice());
    assert_eq!(live(app).await, 1);
    first.notice().unwrap_or_default().to_owned()
}

async fn live(app: &App) -> i64 {
    let live = "SELECT COUNT(*) FROM waxseal_sessions WHERE revoked_at IS NULL";
    app.database.number(live).await
}

/// The outcomes in the log-in history.
async fn events(app: &App) -> Vec<String> {
    app.database.texts("SELECT outcome FROM login_events ORDER BY at, id", &[]).await
}
