//! Mails that tell people what happened to their account.

use reqwest::{Method, header::USER_AGENT};
use test_support::{App, EMAIL, PASSWORD, mails_to};

const NEW: &str = "granite lantern seven otters";
const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 \
                      (KHTML, like Gecko) Version/18.5 Mobile/15E148 Safari/604.1";

/// An application behind a proxy that is trusted, so that a test can come from anywhere.
async fn app() -> App {
    App::start_with(&[("TRUSTED_PROXIES", "127.0.0.1")]).await
}

/// Logs Ann in from this address, with this browser.
async fn log_in(app: &App, password: &str, from: &str, browser: &str) -> u16 {
    let mut client = app.client();
    let request = client.request(Method::POST, "/login");
    let request = request.header("X-Forwarded-For", from).header(USER_AGENT, browser);
    let request = request.header("Sec-Fetch-Site", "same-origin");
    client.send(request.form(&[("email", EMAIL), ("password", password)])).await.status.as_u16()
}

fn subjects(app: &App) -> Vec<String> {
    mails_to(app.mails.path(), EMAIL).into_iter().map(|mail| mail.subject).collect()
}

#[actix_web::test]
async fn a_new_password_is_told() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let form = [("current_password", PASSWORD), ("new_password", NEW)];
    for _ in 0..2 {
        assert_eq!(ann.post("/profile/password", &form).await.redirects_to(), "/profile");
    }
    let mail = app.mail(EMAIL, 1).await;
    assert_eq!(mail.subject, "Your password has changed");
    for expected in ["was changed", "18 May 2033, 03:33 UTC", "127.0.0.1", "/forgot"] {
        assert!(mail.text.contains(expected), "{expected}: {}", mail.text);
    }
    assert!(!mail.text.contains("?t="), "no link acts");
}

#[actix_web::test]
async fn a_deleted_account_is_told_and_its_other_mails_are_not_sent() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.database
        .execute(
            "INSERT INTO mails (id, kind, user_id, address, data, created_at, due_at, claimed_until,
                attempts, dead_at)
             SELECT 'x', 'confirm', id, email, 'null', 1, 3000000000, 0, 0, 3000000000 FROM users",
            &[],
        )
        .await;
    assert_eq!(ann.post("/profile/delete", &[("password", PASSWORD)]).await.status, 303);
    let mail = app.mail(EMAIL, 1).await;
    assert_eq!(mail.subject, "Your account has been deleted");
    assert!(
        mail.text.contains("If you did not ask for this, contact the people who run "),
        "{}",
        mail.text
    );
    let waiting = async || app.database.number("SELECT COUNT(*) FROM mails").await;
    test_support::eventually(async || waiting().await == 0).await;
}

#[actix_web::test]
async fn a_log_in_from_a_network_and_a_browser_never_seen_is_told() {
    let app = app().await;
    app.signed_up(EMAIL).await;
    assert_eq!(log_in(&app, PASSWORD, "192.0.2.7", SAFARI).await, 303);
    let mail = app.mail(EMAIL, 1).await;
    assert_eq!(mail.subject, "A new log-in to your account");
    for expected in ["192.0.2.7", "Safari on iPhone"] {
        assert!(mail.text.contains(expected), "{expected}: {}", mail.text);
    }
    // The network or the browser is known.
    for (from, browser) in [("192.0.2.7", FIREFOX), ("198.51.100.1", SAFARI)] {
        assert_eq!(log_in(&app, PASSWORD, from, browser).await, 303);
    }
    // A wrong password is no log-in.
    assert_eq!(log_in(&app, NEW, "203.0.113.1", "curl/8").await, 422);
    assert_eq!(log_in(&app, PASSWORD, "203.0.113.2", "curl/8").await, 303);
    app.mail(EMAIL, 2).await;
    let told = "A new log-in to your account";
    assert_eq!(subjects(&app), [told, told]);
}

#[actix_web::test]
async fn no_one_is_told_who_does_not_want_to_be() {
    let settings = [("MAIL_NOTIFY", "off"), ("TRUSTED_PROXIES", "127.0.0.1")];
    let app = App::start_with(&settings).await;
    let mut ann = app.signed_up(EMAIL).await;
    assert_eq!(log_in(&app, PASSWORD, "192.0.2.7", SAFARI).await, 303);
    let form = [("current_password", PASSWORD), ("new_password", NEW)];
    assert_eq!(ann.post("/profile/password", &form).await.redirects_to(), "/profile");
    assert_eq!(app.database.number("SELECT COUNT(*) FROM mails").await, 0);
    assert_eq!(subjects(&app), Vec::<String>::new());
    // What was asked for is sent all the same.
    app.client().post("/forgot", &[("email", EMAIL)]).await;
    app.mail(EMAIL, 1).await;
}

/// What a stranger sends stands in the text only as text, and on one line.
#[actix_web::test]
async fn a_browser_s_name_can_t_forge_a_line_or_a_header() {
    let app = app().await;
    app.signed_up(EMAIL).await;
    let forged = "x\u{2028}Subject: You have won <a href='https://evil.example'>";
    assert_eq!(log_in(&app, PASSWORD, "192.0.2.7", forged).await, 303);
    let mail = app.mail(EMAIL, 1).await;
    assert_eq!(mail.subject, "A new log-in to your account");
    assert!(!mail.text.contains("evil") && !mail.html.contains("evil"), "{}", mail.html);
}
