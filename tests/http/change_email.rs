//! Changing one's email address, with a link that goes to the new one.

use std::time::Duration;

use reqwest::Method;
use test_support::{
    Answer, App, Client, DAY, EMAIL, HOUR, PASSWORD, ReceivedMail, SECOND, eventually, mails_to,
};

pub const NEW: &str = "ann@new.example";
const OTHER: &str = "ann@other.example";
const BOB: &str = "bob@example.com";
const MINUTE: Duration = Duration::from_secs(60);

pub const CONFIRM: &str = "Confirm your new email address";
const REQUESTED: &str = "A change of your email address was requested";
pub const CHANGED: &str = "Your email address has changed";
const TAKEN: &str = "Your email address has an account already";

#[actix_web::test]
async fn a_link_to_the_new_address_changes_it() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let (mut phone, mut copy) = (app.logged_in(EMAIL).await, ann.clone());
        assert!(ann.get("/profile").await.contains_text(r#"href="/profile/email""#));
        assert!(ann.get("/profile/email").await.contains_text(EMAIL));
        assert_eq!(request(&mut ann, "Ann@New.example").await.redirects_to(), "/profile");
        let page = ann.get("/profile").await;
        let notice =
            "We sent a link to ann@new.example. Open it in this browser to change the address.";
        assert_eq!(page.notice(), Some(notice));
        assert!(page.contains_text(EMAIL), "nothing has changed yet");
        let word = mail(&app, EMAIL, REQUESTED, 1).await;
        assert!(word.text.contains(NEW) && !word.text.contains("?t="), "{}", word.text);

        let link = mail(&app, NEW, CONFIRM, 1).await.link();
        let page = ann.get(&link).await;
        assert_eq!(page.count("<form"), 1, "{}", page.body);
        assert!(page.contains_text(EMAIL) && page.contains_text(NEW), "{}", page.body);
        assert_eq!(page.header("referrer-policy"), "strict-origin");
        let before = ann.session_id().await;
        assert_eq!(press(&mut ann, &link).await.redirects_to(), "/profile");
        let page = ann.get("/profile").await;
        let done = "Your email address is now ann@new.example. Your other sessions have ended.";
        assert_eq!(page.notice(), Some(done));
        assert!(page.contains_text(&format!("<dd>{NEW}</dd>")), "{}", page.body);
        assert_ne!(ann.session_id().await, before);
        assert!(!phone.is_logged_in().await && !copy.is_logged_in().await, "{mode}");

        assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 422);
        app.logged_in(NEW).await;
        let word = mail(&app, EMAIL, CHANGED, 1).await;
        assert!(word.text.contains(NEW) && word.link().starts_with("/undo-email?t="));
        let confirmed = "SELECT CAST(email_confirmed_at IS NOT NULL AS TEXT) FROM users";
        assert!(["1", "true"].contains(&&*app.database.text(confirmed).await));
    }
}

/// It proves who reads the mail, not who sits there.
#[actix_web::test]
async fn the_link_does_not_count_as_a_log_in() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    request(&mut ann, NEW).await.redirects_to();
    let link = mail(&app, NEW, CONFIRM, 1).await.link();
    app.clock.advance(HOUR);
    assert_eq!(press(&mut ann, &link).await.redirects_to(), "/profile");
    let again = ann.get("/profile/email").await;
    assert_eq!(again.redirects_to(), "/confirm?next=/profile/email");
}

#[actix_web::test]
async fn what_is_wrong_stands_beside_the_field() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for (typed, error) in [
        ("ANN@example.com", "This is your email address already."),
        ("ann", "Enter an email address such as name@example.com."),
        ("", "Enter an email address such as name@example.com."),
    ] {
        let answer = request(&mut ann, typed).await;
        assert_eq!(answer.status, 422);
        assert!(answer.error("email").is_some(), "{typed}: {error}");
        assert_eq!(answer.typed("email").as_deref(), Some(typed));
        assert_eq!(answer.count(" autofocus"), 1, "{}", answer.body);
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM mail_counts").await, 0);
}

#[actix_web::test]
async fn where_no_mail_is_sent_there_is_no_such_page() {
    let app = App::start_with(&[("APP_ENV", "production"), ("MAIL_DIR", "")]).await;
    let mut ann = app.signed_up(EMAIL).await;
    assert!(!ann.get("/profile").await.contains_text("/profile/email"));
    for mut browser in [ann, app.client()] {
        assert_eq!(browser.get("/profile/email").await.status, 404);
        assert_eq!(request(&mut browser, NEW).await.status, 404);
    }
}

/// Whoever asks learns nothing, and whoever has the address is told by mail, without a link.
#[actix_web::test]
async fn an_address_that_has_an_account_is_answered_alike_and_stays_its_owner_s() {
    let app = App::start().await;
    app.signed_up(BOB).await;
    let mut ann = app.signed_up(EMAIL).await;
    let free = request(&mut ann, "eve@example.com").await;
    let free_page = ann.get("/profile").await.body.replace("eve@", "bob@");
    let taken = request(&mut ann, BOB).await;
    assert_eq!((free.status, &free.body), (taken.status, &taken.body));
    assert_eq!(free.redirects_to(), taken.redirects_to());
    assert_eq!(ann.get("/profile").await.body, free_page);
    let word = mail(&app, BOB, TAKEN, 1).await;
    assert!(!word.text.contains("?t=") && !word.text.contains(EMAIL), "{}", word.text);
}

#[actix_web::test]
async fn an_address_that_someone_takes_meanwhile_is_theirs() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    request(&mut ann, NEW).await.redirects_to();
    let link = mail(&app, NEW, CONFIRM, 1).await.link();
    app.signed_up(NEW).await;
    let before = app.database.dump().await;
    let answer = press(&mut ann, &link).await;
    assert_eq!(answer.status, 410);
    assert!(answer.contains_text("Another account has this email address now."));
    assert_eq!(app.database.dump().await, before);
    assert!(ann.is_logged_in().await);
}

/// Scanners of mail open every link, some of them often.
#[actix_web::test]
async fn to_open_a_link_changes_nothing() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    request(&mut ann, NEW).await.redirects_to();
    let link = mail(&app, NEW, CONFIRM, 1).await.link();
    opened_often(&app, &mut ann, &link).await;
    press(&mut ann, &link).await.redirects_to();
    let undo = mail(&app, EMAIL, CHANGED, 1).await.link();
    opened_often(&app, &mut ann, &undo).await;
}

async fn opened_often(app: &App, ann: &mut Client, link: &str) {
    let (before, mut scanner) = (app.database.dump().await, app.client());
    for _ in 0..250 {
        for method in [Method::GET, Method::HEAD] {
            let request = scanner.request(method.clone(), link);
            assert!(!scanner.send(request).await.status.is_server_error());
            let request = ann.request(method, link);
            assert_eq!(ann.send(request).await.status, 200);
        }
    }
    assert_eq!(app.database.dump().await, before);
}

/// At once, or one after the other by a browser that has no answer yet, or has it.
#[actix_web::test]
async fn a_link_used_twice_changes_the_address_once() {
    for way in [0, 1, 2] {
        let app = App::start().await;
        let mut one = app.signed_up(EMAIL).await;
        request(&mut one, NEW).await.redirects_to();
        let link = mail(&app, NEW, CONFIRM, 1).await.link();
        let mut two = one.clone();
        let (first, second) = match way {
            0 => tokio::join!(press(&mut one, &link), press(&mut two, &link)),
            1 => (press(&mut one, &link).await, press(&mut two, &link).await),
            _ => {
                let first = press(&mut one, &link).await;
                two = one.clone();
                (first, press(&mut two, &link).await)
            }
        };
        assert_eq!([first.redirects_to(), second.redirects_to()], ["/profile"; 2], "{way}");
        assert_eq!(one.session_id().await, two.session_id().await, "{way}");
        assert_eq!(version(&app).await, 1, "{way}");
        mail(&app, EMAIL, CHANGED, 1).await;
        let used = one.get(&link).await;
        assert_eq!(used.status, 410);
        assert!(used.contains_text(r#"href="/profile/email""#), "there is a way on: {}", used.body);
    }
}

#[actix_web::test]
async fn of_two_sessions_that_use_it_at_once_one_stays() {
    for at_once in [true, false] {
        let app = App::start().await;
        let mut one = app.signed_up(EMAIL).await;
        let mut two = app.logged_in(EMAIL).await;
        request(&mut one, NEW).await.redirects_to();
        let link = mail(&app, NEW, CONFIRM, 1).await.link();
        if at_once {
            tokio::join!(press(&mut one, &link), press(&mut two, &link));
        } else {
            press(&mut one, &link).await.redirects_to();
            let late = press(&mut two, &link).await;
            assert_eq!(late.redirects_to(), login_url(&link));
        }
        assert_ne!(one.is_logged_in().await, two.is_logged_in().await);
        assert_eq!(version(&app).await, 1);
    }
}

/// The owner of a mistyped address must not get the account.
#[actix_web::test]
async fn only_whoever_asked_for_it_can_use_a_link() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut bob = app.signed_up(BOB).await;
    request(&mut ann, NEW).await.redirects_to();
    let link = mail(&app, NEW, CONFIRM, 1).await.link();
    let before = app.database.dump().await;
    for answer in [bob.get(&link).await, press(&mut bob, &link).await] {
        assert_eq!(answer.status, 403);
        assert!(answer.contains_text(r#"<form method="post" action="/logout">"#));
        assert!(!answer.contains_text(EMAIL), "{}", answer.body);
    }
    let mut visitor = app.client();
    assert_eq!(press(&mut visitor, &link).await.redirects_to(), login_url(&link));
    let login = visitor.get(&link).await.redirects_to().to_owned();
    assert_eq!(login, login_url(&link));
    assert_eq!(app.database.dump().await, before);

    let next = visitor.get(&login).await.typed("next").unwrap();
    let form = [("email", EMAIL), ("password", PASSWORD), ("next", &*next)];
    assert_eq!(visitor.post("/login", &form).await.redirects_to(), link);
    assert_eq!(press(&mut visitor, &link).await.redirects_to(), "/profile");
}

/// The longest addresses make the longest link: it still fits the way over the log-in page.
#[actix_web::test]
async fn the_way_over_the_log_in_page_is_kept_for_every_address() {
    let app = App::start().await;
    let long = |name: &str| {
        let label = "a".repeat(60);
        format!("{}@{label}.{label}.{label}.com", name.repeat(64))
    };
    let mut ann = app.signed_up(&long("a")).await;
    request(&mut ann, &long("b")).await.redirects_to();
    let link = mail(&app, &long("b"), CONFIRM, 1).await.link();
    assert_eq!(app.client().get(&link).await.redirects_to(), login_url(&link));
}

#[actix_web::test]
async fn a_link_is_dead_after_a_day_a_change_of_password_or_another_change() {
    for what in ["a day", "password", "change", "there and back"] {
        let app = App::start().await;
        let mut ann = app.signed_up(EMAIL).await;
        request(&mut ann, NEW).await.redirects_to();
        let link = mail(&app, NEW, CONFIRM, 1).await.link();
        match what {
            "a day" => app.clock.advance(DAY),
            "password" => {
                let form = [
                    ("current_password", PASSWORD),
                    ("new_password", "orange ladder seventy geese"),
                ];
                ann.post("/profile/password", &form).await.redirects_to();
            }
            _ => {
                request(&mut ann, OTHER).await.redirects_to();
                let other = mail(&app, OTHER, CONFIRM, 1).await.link();
                press(&mut ann, &other).await.redirects_to();
            }
        }
        if what == "there and back" {
            app.clock.advance(MINUTE);
            request(&mut ann, EMAIL).await.redirects_to();
            let back = mail(&app, EMAIL, CONFIRM, 1).await.link();
            press(&mut ann, &back).await.redirects_to();
        }
        let before = app.database.dump().await;
        assert_eq!(ann.get(&link).await.status, 410, "{what}");
        assert_eq!(press(&mut ann, &link).await.status, 410, "{what}");
        assert_eq!(app.database.dump().await, before, "{what}");
        assert!(ann.is_logged_in().await);
    }
}

/// A link that waits in the outbox would be sealed for the account as it is by then.
#[actix_web::test]
async fn what_waits_for_a_deleted_account_is_never_sent() {
    // No one listens there.
    let server = [("SMTP_URL", "smtp://127.0.0.1:9"), ("MAIL_FROM", "a@example.com")];
    let app = App::start_with(&server).await;
    let mut ann = app.signed_up(EMAIL).await;
    request(&mut ann, NEW).await.redirects_to();
    app.client().post("/forgot", &[("email", EMAIL)]).await.redirects_to();
    let waiting = "SELECT kind FROM mails WHERE kind <> 'account-deleted'";
    assert!(app.database.texts(waiting, &[]).await.len() >= 3);
    ann.post("/profile/delete", &[("password", PASSWORD)]).await.redirects_to();
    assert_eq!(app.database.texts(waiting, &[]).await, Vec::<String>::new());
}

#[actix_web::test]
async fn a_reset_of_the_address_before_finds_no_account() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    changed(&app, &mut ann, EMAIL, NEW).await;
    for address in [EMAIL, NEW] {
        app.client().post("/forgot", &[("email", address)]).await.redirects_to();
    }
    mail(&app, NEW, "Reset your password", 1).await;
    sent(&app).await;
    assert!(about(&app, EMAIL, "Reset your password").is_empty());
}

#[actix_web::test]
async fn only_so_many_links_are_sent_and_each_is_told_once() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for _ in 0..2 {
        assert_eq!(request(&mut ann, NEW).await.redirects_to(), "/profile");
        sent(&app).await;
    }
    mail(&app, NEW, CONFIRM, 1).await;
    mail(&app, EMAIL, REQUESTED, 1).await;
    while request(&mut ann, NEW).await.status != 429 {}
    app.clock.elapse(MINUTE + SECOND);
    eventually(async || app.client().get("/readyz").await.status == 200).await;
    assert_eq!(request(&mut ann, NEW).await.redirects_to(), "/profile");
    mail(&app, NEW, CONFIRM, 2).await;
}

#[actix_web::test]
async fn another_site_can_press_no_button() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    request(&mut ann, NEW).await.redirects_to();
    let link = mail(&app, NEW, CONFIRM, 1).await;
    let before = app.database.dump().await;
    for (path, form) in [
        ("/profile/email", [("email", OTHER)]),
        ("/confirm-email", [("t", &*link.token())]),
        ("/undo-email", [("t", &*link.token())]),
    ] {
        let request = ann.request(Method::POST, path).header("Sec-Fetch-Site", "cross-site");
        let request = request.form(&form);
        assert_eq!(ann.send(request).await.status, 403, "{path}");
    }
    assert_eq!(app.database.dump().await, before);
}

/// A link of another kind, and what is none at all.
#[actix_web::test]
async fn what_is_no_such_link_is_dead() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    changed(&app, &mut ann, EMAIL, NEW).await;
    let undo = mail(&app, EMAIL, CHANGED, 1).await.token();
    for token in [&*undo, "", "x"] {
        assert_eq!(ann.get(&format!("/confirm-email?t={token}")).await.status, 410, "{token}");
        assert_eq!(ann.post("/confirm-email", &[("t", token)]).await.status, 410, "{token}");
    }
    for token in ["", "x"] {
        assert_eq!(ann.get(&format!("/undo-email?t={token}")).await.status, 410, "{token}");
        assert_eq!(ann.post("/undo-email", &[("t", token)]).await.status, 410, "{token}");
    }
}

async fn request(browser: &mut Client, email: &str) -> Answer {
    browser.post("/profile/email", &[("email", email)]).await
}

/// Asks for a change and uses its link.
pub async fn changed(app: &App, browser: &mut Client, old: &str, new: &str) {
    let before = about(app, new, CONFIRM).len();
    let told = about(app, old, CHANGED).len();
    assert_eq!(request(browser, new).await.redirects_to(), "/profile");
    let link = mail(app, new, CONFIRM, before + 1).await.link();
    assert_eq!(press(browser, &link).await.redirects_to(), "/profile");
    mail(app, old, CHANGED, told + 1).await;
}

/// Presses the button on the page of a link.
pub async fn press(browser: &mut Client, link: &str) -> Answer {
    let (path, token) = link.split_once("?t=").unwrap();
    browser.post(path, &[("t", token)]).await
}

fn login_url(link: &str) -> String {
    format!("/login?next={}", link.replace('?', "%3F"))
}

async fn version(app: &App) -> i64 {
    app.database.number("SELECT email_version FROM users").await
}

/// The newest mail to this address about this, once there are that many.
pub async fn mail(app: &App, address: &str, subject: &str, number: usize) -> ReceivedMail {
    eventually(async || about(app, address, subject).len() >= number).await;
    let mut mails = about(app, address, subject);
    assert_eq!(mails.len(), number, "{mails:#?}");
    mails.remove(number - 1)
}

pub fn about(app: &App, address: &str, subject: &str) -> Vec<ReceivedMail> {
    let mails = mails_to(app.mails.path(), address);
    mails.into_iter().filter(|mail| mail.subject == subject).collect()
}

/// Waits until the outbox is empty.
pub async fn sent(app: &App) {
    eventually(async || app.database.number("SELECT COUNT(*) FROM mails").await == 0).await;
}
