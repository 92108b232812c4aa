//! Notices: the page after a form says what was done, and only if it was done.

use std::time::Duration;

use reqwest::Method;
use test_support::{Answer, App, Client, EMAIL, PASSWORD, SECRET};
use waxseal_session::{Clock, Keyring, Secret, seal_json};

const NEW: &str = "orange ladder seventy geese";
const CREATED: Option<&str> = Some("Your account has been created, and you are logged in.");
const CHANGED: Option<&str> =
    Some("Your password has been changed. Your other sessions have ended.");

/// The notice's cookie in development.
const NOTICE: &str = "waxseal-notice";

#[actix_web::test]
async fn every_success_is_told_on_the_next_page() {
    let app = App::start().await;
    let mut ann = app.client();
    assert_eq!(after(&mut ann, "/signup", &credentials(PASSWORD)).await.notice(), CREATED);
    let change = [("current_password", PASSWORD), ("new_password", NEW)];
    assert_eq!(after(&mut ann, "/profile/password", &change).await.notice(), CHANGED);

    let mut phone = app.client();
    phone.log_in(EMAIL, NEW).await.redirects_to();
    let path = format!("/sessions/{}/revoke", phone.session_id().await);
    assert_eq!(after(&mut ann, &path, &[]).await.notice(), Some("The session has ended."));
    let ended = Some("Your other sessions have ended.");
    assert_eq!(after(&mut ann, "/sessions/revoke-others", &[]).await.notice(), ended);

    let logged_out = Some("You are logged out.");
    assert_eq!(after(&mut ann, "/logout", &[]).await.notice(), logged_out);
    ann.log_in(EMAIL, NEW).await.redirects_to();
    let path = format!("/sessions/{}/revoke", ann.session_id().await);
    assert_eq!(after(&mut ann, &path, &[]).await.notice(), logged_out);
    ann.log_in(EMAIL, NEW).await.redirects_to();
    let page = after(&mut ann, "/profile/delete", &[("password", NEW)]).await;
    assert_eq!(page.notice(), Some("Your account has been deleted."));
}

#[actix_web::test]
async fn an_administrator_is_told_what_is_done() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    app.signed_up("bob@example.com").await;
    let path = |email| async {
        let id: String = email;
        format!("/admin/users/{}", app.id_of(&id).await)
    };
    let bob = path("bob@example.com".to_owned()).await;
    let role = |role| [("role", role)];
    let page = after(&mut admin, &format!("{bob}/role"), &role("admin")).await;
    assert_eq!(page.notice(), Some("Done. The role is admin."));
    let page = after(&mut admin, &format!("{bob}/revoke-sessions"), &[]).await;
    assert_eq!(page.notice(), Some("Done. All sessions have ended."));
    let own = path(EMAIL.to_owned()).await;
    let page = after(&mut admin, &format!("{own}/role"), &role("user")).await;
    assert_eq!(page.notice(), Some("Your role is user. You are logged out."));
}

#[actix_web::test]
async fn a_notice_is_shown_once_and_on_any_node() {
    let app = App::start().await;
    let node = app.another_node(&[]).await;
    let mut ann = app.client();
    let next = [&credentials(PASSWORD)[..], &[("next", "/logins")]].concat();
    assert_eq!(ann.post("/signup", &next).await.redirects_to(), "/logins");
    ann.move_to(&node);
    let page = ann.get("/logins").await;
    assert_eq!(page.notice(), CREATED, "on whatever page comes next");
    assert_eq!(ann.cookie(NOTICE), None);
    assert!(page.set_cookies().is_empty(), "{page:?}");
    for path in ["/logins", "/profile"] {
        assert_eq!(ann.get(path).await.notice(), None, "{path}");
    }
}

#[actix_web::test]
async fn the_cookie_lives_a_minute_and_is_sealed() {
    for (environment, name, secure) in
        [("development", NOTICE, ""), ("production", "__Host-waxseal-notice", "Secure; ")]
    {
        let app = App::start_with(&[("APP_ENV", environment)]).await;
        let answer = app.client().sign_up(EMAIL, PASSWORD).await;
        let cookie = answer.notice_cookie().unwrap();
        let (value, attributes) = cookie.split_once("; ").unwrap();
        let expected = format!("Path=/; {secure}HttpOnly; SameSite=Strict; Max-Age=60");
        assert_eq!(attributes, expected, "{environment}");
        let value = value.strip_prefix(&format!("{name}=")).unwrap();
        let keyring = Keyring::new(&Secret::new(SECRET).unwrap());
        assert!(keyring.unseal(&format!("json:notice:{name}"), value).is_ok());
    }
}

#[actix_web::test]
async fn nothing_is_told_that_was_not_done() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    ann.get("/profile").await;
    for wrong in [
        ("/profile/password", [("current_password", "wrong"), ("new_password", NEW)]),
        ("/profile/delete", [("password", "wrong"), ("", "")]),
    ] {
        let answer = ann.post(wrong.0, &wrong.1).await;
        assert_eq!((answer.status.as_u16(), answer.notice()), (422, None), "{answer:?}");
        assert_eq!(answer.notice_cookie(), None);
    }
    // Wherever the browser says it comes from.
    for page in ["/profile/password", "/profile", "/signup", "https://evil.example/signup"] {
        let request = ann.request(Method::GET, "/profile").header("Referer", page);
        assert_eq!(ann.send(request).await.notice(), None, "{page}");
    }
    let mut visitor = app.client();
    for page in ["/profile", "/profile/delete"] {
        for path in ["/login", "/signup"] {
            let request = visitor.request(Method::GET, path).header("Referer", page);
            assert_eq!(visitor.send(request).await.notice(), None, "{page} {path}");
        }
    }
}

#[actix_web::test]
async fn a_notice_that_is_forged_old_or_someone_elses_is_not_shown() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut bob = app.signed_up("bob@example.com").await;
    let anns = ann.cookie(NOTICE).unwrap().to_owned();
    let keyring = Keyring::new(&Secret::new(SECRET).unwrap());
    let other_purpose = seal_json(
        &keyring,
        "notice",
        &serde_json::json!({ "text": "Pay at evil.example.", "session": null }),
        Duration::from_secs(600),
        &Clock::system(),
    );
    let session = ann.session().unwrap().to_owned();
    for forged in [&anns, "x", "", &session, &other_purpose.unwrap(), &anns[1..]] {
        bob.set_cookie(NOTICE, forged);
        let page = bob.get("/profile").await;
        assert_eq!((page.status.as_u16(), page.notice()), (200, None), "{forged}");
        assert_eq!(bob.cookie(NOTICE), None, "it is deleted");
        let mut visitor = app.client();
        visitor.set_cookie(NOTICE, forged);
        assert_eq!(visitor.get("/login").await.notice(), None, "{forged}");
    }
    app.clock.advance(Duration::from_secs(60));
    ann.set_cookie(NOTICE, &anns);
    assert_eq!(ann.get("/profile").await.notice(), None, "it is over");
}

/// A form that is shown again says what is wrong with it; the notice waits.
#[actix_web::test]
async fn a_rejected_form_shows_no_notice() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let wrong = [("current_password", "wrong"), ("new_password", NEW)];
    assert_eq!(ann.post("/profile/password", &wrong).await.notice(), None);
    assert_eq!(ann.get("/profile").await.notice(), CREATED);
}

#[actix_web::test]
async fn a_visitor_who_did_nothing_gets_no_cookie() {
    let app = App::start().await;
    let mut visitor = app.client();
    for path in ["/", "/login", "/signup", "/profile", "/sessions", "/nope", "/api/session"] {
        assert!(visitor.get(path).await.headers.get("set-cookie").is_none(), "{path}");
    }
    for path in ["/login", "/signup", "/logout", "/profile/password", "/profile/delete"] {
        assert!(visitor.press(path).await.headers.get("set-cookie").is_none(), "{path}");
    }
}

/// The page that a form leads to.
async fn after(browser: &mut Client, path: &str, form: &[(&str, &str)]) -> Answer {
    let mut answer = browser.post(path, form).await;
    for _ in 0..3 {
        if answer.status != 303 {
            break;
        }
        let next = answer.redirects_to().to_owned();
        answer = browser.get(&next).await;
    }
    assert_eq!(answer.status, 200, "{path}: {}", answer.body);
    answer
}

fn credentials(password: &str) -> [(&'static str, &str); 2] {
    [("email", EMAIL), ("password", password)]
}
