//! Confirming the email address of a sign-up.

use std::time::Duration;

use reqwest::Method;
use test_support::{Answer, App, Client, DAY, EMAIL, PASSWORD, ReceivedMail, eventually, mails_to};

const NEW: &str = "orange ladder seventy geese";
const STRANGER: &str = "purple kettle ninety swans";
const BOB: &str = "bob@example.com";
const MINUTE: Duration = Duration::from_secs(60);
const CONFIRMED: &str = "Your email address is confirmed.";
const REFUSED: &str = "Incorrect email or password. If you have just signed up, confirm your address first with \
                       the link in our email.";

async fn start(mode: &str) -> App {
    App::start_with(&[("EMAIL_CONFIRMATION", mode)]).await
}

/// A new account whose address is not confirmed, and the mail with the link.
async fn requested(app: &App, email: &str) -> ReceivedMail {
    assert_eq!(app.client().sign_up(email, PASSWORD).await.redirects_to(), "/signup/sent");
    app.mail(email, 1).await
}

async fn confirm(client: &mut Client, token: &str, password: &str) -> Answer {
    client.post("/confirm-email", &[("t", token), ("password", password)]).await
}

async fn sessions(app: &App) -> i64 {
    app.database.number("SELECT COUNT(*) FROM waxseal_sessions WHERE revoked_at IS NULL").await
}

async fn is_confirmed(app: &App, email: &str) -> bool {
    let sql = "SELECT id FROM users WHERE email = $1 AND email_confirmed_at IS NOT NULL";
    !app.database.texts(sql, &[email]).await.is_empty()
}

/// What a client can tell of an answer.
fn told(answer: &Answer) -> String {
    let headers = answer.headers.iter().filter(|(name, _)| *name != "date");
    let mut headers: Vec<_> = headers.map(|header| format!("{header:?}")).collect();
    // Their order is random.
    headers.sort();
    format!("{} {headers:?} {}", answer.status, answer.body)
}

/// All rows, once all mails are sent.
async fn dump(app: &App) -> Vec<String> {
    eventually(async || app.database.number("SELECT COUNT(*) FROM mails").await == 0).await;
    app.database.dump().await
}

#[actix_web::test]
async fn a_sign_up_is_confirmed_with_the_link_and_the_password_and_logs_in() {
    let app = start("required").await;
    let mut ann = app.client();
    let answer = ann.sign_up(EMAIL, PASSWORD).await;
    assert_eq!(answer.redirects_to(), "/signup/sent");
    assert!(ann.get("/signup/sent").await.contains_text("Check your email"));
    assert!(!ann.is_logged_in().await);

    let mail = app.mail(EMAIL, 1).await;
    assert_eq!(mail.subject, "Confirm your email address");
    let page = ann.get(&mail.link()).await;
    assert_eq!(page.status, 200);
    assert!(page.typed("password").is_none() && page.contains_text("name=\"password\""));
    assert_eq!(page.header("referrer-policy"), "strict-origin");
    let (token, form) = (page.typed("t").unwrap(), page.typed("form").unwrap());
    let form = [("t", &*token), ("form", &form), ("password", PASSWORD)];
    assert_eq!(ann.post("/confirm-email", &form).await.redirects_to(), "/profile");
    assert_eq!(ann.get("/profile").await.notice(), Some(CONFIRMED));
    assert!(is_confirmed(&app, EMAIL).await);
    app.logged_in(EMAIL).await;
}

#[actix_web::test]
async fn a_sign_up_does_not_tell_whether_the_address_has_an_account() {
    let app = start("required").await;
    let token = requested(&app, EMAIL).await.token();
    confirm(&mut app.client(), &token, PASSWORD).await.redirects_to();
    requested(&app, BOB).await;
    app.clock.advance(MINUTE);
    let mut told_of = Vec::new();
    // Confirmed, with the right password and another; not confirmed; new.
    for (email, password) in [(EMAIL, PASSWORD), (BOB, STRANGER), ("new@example.com", PASSWORD)] {
        let before = dump(&app).await;
        let mut visitor = app.client();
        let answer = visitor.sign_up(email, password).await;
        let weak = visitor.sign_up(email, "short").await;
        assert_eq!(weak.status, 422);
        told_of.push([told(&answer), told(&weak).replace(email, "EMAIL")]);
        assert_eq!(answer.redirects_to(), "/signup/sent");
        assert!(visitor.session().is_none());
        let users = i64::from(email == "new@example.com");
        let counts = app.database.number("SELECT COUNT(*) FROM mail_counts").await;
        assert_eq!(counts, 2 + users);
        let kept = dump(&app).await;
        let gone = before.iter().filter(|row| !kept.contains(row)).count();
        assert_eq!(gone, usize::from(users == 0), "only the count of mails changes");
    }
    assert_eq!(told_of[0], told_of[1]);
    assert_eq!(told_of[0], told_of[2]);

    assert_eq!(app.mail(EMAIL, 2).await.subject, "You already have an account");
    assert_eq!(app.mail(BOB, 2).await.subject, "Confirm your email address");
    assert_eq!(app.mail("new@example.com", 1).await.subject, "Confirm your email address");
}

/// Each password was right for someone, or for no one.
#[actix_web::test]
async fn a_log_in_before_the_confirmation_is_refused_like_a_wrong_one() {
    let app = start("required").await;
    requested(&app, EMAIL).await;
    app.clock.advance(MINUTE);
    let failures = async || {
        let sql = "SELECT failures || ' ' || network FROM login_failures ORDER BY account, network";
        app.database.texts(sql, &[]).await.len()
    };
    let mut told_of = Vec::new();
    for (email, password) in [(EMAIL, PASSWORD), (EMAIL, STRANGER), (BOB, PASSWORD)] {
        let mut visitor = app.client();
        let mut answers = Vec::new();
        for attempt in 0..6 {
            let answer = visitor.log_in(email, password).await;
            let throttled = attempt == 5;
            assert_eq!(answer.status, if throttled { 429 } else { 422 });
            if !throttled {
                assert_eq!(answer.error("password").as_deref(), Some(REFUSED));
            }
            answers.push(told(&answer).replace(email, "EMAIL"));
        }
        told_of.push(answers);
        app.clock.advance(DAY);
    }
    assert_eq!(told_of[0], told_of[1]);
    assert_eq!(told_of[0], told_of[2]);
    assert_eq!((failures().await, sessions(&app).await), (4, 0));
    // The owner got one more link, for the right password.
    assert_eq!(app.mail(EMAIL, 2).await.subject, "Confirm your email address");
    assert_eq!(mails_to(app.mails.path(), BOB), []);
    assert!(!is_confirmed(&app, EMAIL).await);
}

#[actix_web::test]
async fn a_refused_log_in_writes_as_much_whatever_was_wrong() {
    let app = start("required").await;
    requested(&app, EMAIL).await;
    app.clock.advance(DAY);
    let counts = async || app.database.number("SELECT COUNT(*) FROM mail_counts").await;
    for (email, password) in [(EMAIL, PASSWORD), (EMAIL, STRANGER), (BOB, PASSWORD)] {
        let before = counts().await;
        assert_eq!(app.client().log_in(email, password).await.status, 422);
        assert_eq!(counts().await, before + 1);
    }
}

/// A stranger signs up with Ann's address; Ann presses the button in the mail.
#[actix_web::test]
async fn the_link_alone_gives_no_one_an_account_with_somebody_elses_password() {
    let app = start("required").await;
    assert_eq!(app.client().sign_up(EMAIL, STRANGER).await.redirects_to(), "/signup/sent");
    let stranger = app.mail(EMAIL, 1).await;
    app.clock.advance(MINUTE);
    let mut ann = app.client();
    // Her own sign-up changes nothing of the stranger's.
    ann.sign_up(EMAIL, PASSWORD).await.redirects_to();
    for token in [stranger.token(), app.mail(EMAIL, 2).await.token()] {
        let answer = confirm(&mut ann, &token, PASSWORD).await;
        assert_eq!(answer.status, 422);
        let wrong = "This is not the password that was chosen at sign-up.";
        assert_eq!(answer.error("password").as_deref(), Some(wrong));
        assert!(answer.contains_text("href=\"/forgot\""));
        assert_eq!(
            ann.press(&format!("/confirm-email?t={token}")).await.status,
            410,
            "the token is in the body"
        );
        let answer = ann.post("/confirm-email", &[("t", &token)]).await;
        assert_eq!(answer.status, 422);
    }
    assert!(!is_confirmed(&app, EMAIL).await);

    // The mailbox's owner resets the password, which confirms the address.
    ann.post("/forgot", &[("email", EMAIL)]).await.redirects_to();
    let reset = app.mail(EMAIL, 3).await.token();
    let answer = ann.post("/reset", &[("t", &reset), ("new_password", NEW)]).await;
    assert_eq!(answer.redirects_to(), "/login");
    assert!(is_confirmed(&app, EMAIL).await);
    assert_eq!(ann.log_in(EMAIL, NEW).await.redirects_to(), "/profile");
    assert_eq!(app.client().log_in(EMAIL, STRANGER).await.status, 422);
}

#[actix_web::test]
async fn guesses_at_the_password_of_a_link_are_counted_like_log_ins() {
    let app = start("required").await;
    let token = requested(&app, EMAIL).await.token();
    for _ in 0..5 {
        assert_eq!(confirm(&mut app.client(), &token, STRANGER).await.status, 422);
    }
    let answer = confirm(&mut app.client(), &token, PASSWORD).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "30"));
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 429);
    app.clock.advance(Duration::from_secs(30));
    assert_eq!(confirm(&mut app.client(), &token, PASSWORD).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn forms_from_one_network_are_limited_like_log_ins() {
    let app = start("required").await;
    let token = requested(&app, EMAIL).await.token();
    let mut client = app.client();
    for _ in 0..100 {
        assert_eq!(confirm(&mut client, &token, "").await.status, 422);
    }
    let answer = confirm(&mut client, &token, PASSWORD).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "1"));
}

#[actix_web::test]
async fn looking_at_a_link_changes_nothing() {
    let app = start("required").await;
    let link = requested(&app, EMAIL).await.link();
    let before = dump(&app).await;
    let mut scanner = app.client();
    for _ in 0..500 {
        assert_eq!(scanner.get(&link).await.status, 200);
        let head = scanner.request(Method::HEAD, &link);
        assert_eq!(scanner.send(head).await.status, 200);
    }
    assert_eq!(dump(&app).await, before);
    confirm(&mut app.client(), link.split_once("t=").unwrap().1, PASSWORD).await.redirects_to();
    assert_ne!(dump(&app).await, before, "the dump shows what a link does");
}

#[actix_web::test]
async fn a_link_pressed_twice_opens_one_session() {
    for at_once in [true, false] {
        let app = start("required").await;
        let link = requested(&app, EMAIL).await.link();
        // After the mail, which it would write to a folder of its own.
        let node = app.another_node(&[("EMAIL_CONFIRMATION", "required")]).await;
        let mut one = app.client();
        let page = one.get(&link).await;
        let (token, form) = (page.typed("t").unwrap(), page.typed("form").unwrap());
        let form = [("t", &*token), ("form", &form), ("password", PASSWORD)];
        let mut two = one.clone();
        two.move_to(&node);
        let answers = if at_once {
            let answers =
                tokio::join!(one.post("/confirm-email", &form), two.post("/confirm-email", &form),);
            [answers.0, answers.1]
        } else {
            [one.post("/confirm-email", &form).await, two.post("/confirm-email", &form).await]
        };
        for answer in answers {
            assert_eq!(answer.redirects_to(), "/profile");
        }
        assert_eq!(one.session_id().await, two.session_id().await);
        assert_eq!(one.get("/profile").await.notice(), Some(CONFIRMED));
        assert_eq!(two.get("/profile").await.notice(), Some(CONFIRMED));
        assert_eq!(sessions(&app).await, 1);
    }
}

#[actix_web::test]
async fn a_link_that_has_done_its_work_says_so() {
    let app = start("required").await;
    let link = requested(&app, EMAIL).await.link();
    let token = link.split_once("t=").unwrap().1;
    let mut ann = app.client();
    confirm(&mut ann, token, PASSWORD).await.redirects_to();
    ann.get("/profile").await;
    assert_eq!(ann.get(&link).await.redirects_to(), "/profile");
    assert_eq!(ann.get("/profile").await.notice(), Some(CONFIRMED));
    assert_eq!(ann.post("/confirm-email", &[("t", token)]).await.redirects_to(), "/profile");
    let mut visitor = app.client();
    assert_eq!(visitor.get(&link).await.redirects_to(), "/login");
    assert_eq!(visitor.get("/login").await.notice(), Some(CONFIRMED));
    assert_eq!(confirm(&mut visitor, token, STRANGER).await.redirects_to(), "/login");
    assert_eq!(visitor.get("/login").await.notice(), Some(CONFIRMED));
    assert!(visitor.session().is_none());
}

#[actix_web::test]
async fn a_dead_link_is_410_and_leads_to_another() {
    let app = start("required").await;
    let link = requested(&app, EMAIL).await.link();
    let token = link.split_once("t=").unwrap().1.to_owned();
    let is_dead = async |token: &str| {
        for answer in [
            app.client().get(&format!("/confirm-email?t={token}")).await,
            confirm(&mut app.client(), token, PASSWORD).await,
        ] {
            assert_eq!(answer.status, 410);
            assert!(answer.contains_text("action=\"/confirm-email/send\""));
            assert!(answer.session().is_none());
        }
    };
    for garbage in ["", "x", &token[1..]] {
        is_dead(garbage).await;
    }
    for (change, back) in [
        ("email = 'other@example.com'", "email = 'ann@example.com'"),
        ("disabled_at = 1", "disabled_at = NULL"),
    ] {
        let set = async |change: &str| {
            app.database.execute(&format!("UPDATE users SET {change}"), &[]).await
        };
        set(change).await;
        is_dead(&token).await;
        set(back).await;
    }
    assert_eq!(app.client().get(&link).await.status, 200);
    app.clock.advance(3 * DAY);
    is_dead(&token).await;
    let mut ann = app.client();
    let sent = ann.post("/confirm-email/send", &[("email", EMAIL)]).await;
    assert_eq!(sent.redirects_to(), "/confirm-email/sent");
    assert!(ann.get("/confirm-email/sent").await.contains_text("Check your email"));
    let token = app.mail(EMAIL, 2).await.token();
    app.database.execute("DELETE FROM users", &[]).await;
    is_dead(&token).await;
}

#[actix_web::test]
async fn asking_for_another_link_does_not_tell_who_has_an_account() {
    let app = start("required").await;
    let token = requested(&app, EMAIL).await.token();
    confirm(&mut app.client(), &token, PASSWORD).await.redirects_to();
    requested(&app, BOB).await;
    app.clock.advance(MINUTE);
    let mut told_of = Vec::new();
    for email in [EMAIL, BOB, "nobody@example.com"] {
        let answer = app.client().post("/confirm-email/send", &[("email", email)]).await;
        assert_eq!(answer.redirects_to(), "/confirm-email/sent");
        told_of.push(told(&answer));
    }
    assert!(told_of.iter().all(|told| *told == told_of[0]));
    app.mail(BOB, 2).await;
    assert_eq!(mails_to(app.mails.path(), EMAIL).len(), 1);
    assert_eq!(mails_to(app.mails.path(), "nobody@example.com"), []);

    let mut visitor = app.client();
    assert_eq!(visitor.post("/confirm-email/send", &[("email", "ann")]).await.status, 422);
    let limited = loop {
        let answer = visitor.post("/confirm-email/send", &[("email", BOB)]).await;
        if answer.status != 303 {
            break answer;
        }
    };
    assert_eq!((limited.status.as_u16(), limited.header("retry-after")), (429, "60"));
}

#[actix_web::test]
async fn where_it_is_optional_sign_up_logs_in_and_the_profile_asks_until_it_is_done() {
    let app = start("optional").await;
    let mut ann = app.signed_up(EMAIL).await;
    let asks = "action=\"/confirm-email/send\"";
    assert!(ann.get("/profile").await.contains_text(asks));
    let link = app.mail(EMAIL, 1).await.link();
    app.clock.advance(MINUTE);
    assert_eq!(ann.press("/confirm-email/send").await.redirects_to(), "/profile");
    let profile = ann.get("/profile").await;
    assert_eq!(profile.notice(), Some("A link to confirm your email address is on its way."));
    app.mail(EMAIL, 2).await;

    // In the browser that is signed in, the password was asked before.
    let page = ann.get(&link).await;
    assert!(page.contains_text(EMAIL) && !page.contains_text("name=\"password\""));
    let token = page.typed("t").unwrap();
    let session = ann.session_id().await;
    for _ in 0..2 {
        let answer = ann.post("/confirm-email", &[("t", &token)]).await;
        assert_eq!(answer.redirects_to(), "/profile");
    }
    let profile = ann.get("/profile").await;
    assert_eq!(profile.notice(), Some(CONFIRMED));
    assert!(!profile.contains_text(asks));
    assert_eq!(ann.session_id().await, session);
    assert!(is_confirmed(&app, EMAIL).await);
    // Nothing waits for a confirmation, so nothing is sent.
    app.clock.advance(MINUTE);
    ann.press("/confirm-email/send").await.redirects_to();
    dump(&app).await;
    assert_eq!(mails_to(app.mails.path(), EMAIL).len(), 2);
}

#[actix_web::test]
async fn somebody_else_who_is_signed_in_is_asked_for_the_password() {
    let app = start("optional").await;
    app.signed_up(EMAIL).await;
    let mut bob = app.signed_up(BOB).await;
    let token = app.mail(EMAIL, 1).await.token();
    assert!(bob.get(&format!("/confirm-email?t={token}")).await.contains_text("name=\"password\""));
    assert_eq!(bob.post("/confirm-email", &[("t", &token)]).await.status, 422);
    assert!(!is_confirmed(&app, EMAIL).await);
    assert_eq!(confirm(&mut bob, &token, PASSWORD).await.redirects_to(), "/profile");
    assert!(bob.get("/profile").await.contains_text(EMAIL));
    assert!(is_confirmed(&app, EMAIL).await && !is_confirmed(&app, BOB).await);
}

#[actix_web::test]
async fn where_it_is_off_no_one_is_asked() {
    let app = start("off").await;
    let mut ann = app.signed_up(EMAIL).await;
    assert!(!ann.get("/profile").await.contains_text("/confirm-email"));
    for path in ["/confirm-email/send", "/confirm-email/sent", "/signup/sent"] {
        assert_eq!(ann.get(path).await.status, 404, "{path}");
    }
    assert_eq!(ann.post("/confirm-email/send", &[("email", EMAIL)]).await.status, 404);
    dump(&app).await;
    assert_eq!(mails_to(app.mails.path(), EMAIL), []);
    assert_eq!(
        app.client().log_in(EMAIL, STRANGER).await.error("password").as_deref(),
        Some("Incorrect email or password.")
    );
}

/// The setting became stricter: who is logged in stays so, and no one else gets in without the confirmation.
#[actix_web::test]
async fn accounts_from_before_confirm_their_address_when_they_log_in_again() {
    let app = start("off").await;
    let mut ann = app.signed_up(EMAIL).await;
    let app = app.restart(&[("EMAIL_CONFIRMATION", "required")]).await;
    ann.move_to(&app);
    assert!(ann.is_logged_in().await);
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.status, 422);
    let token = app.mail(EMAIL, 1).await.token();
    assert_eq!(confirm(&mut app.client(), &token, PASSWORD).await.redirects_to(), "/profile");
    app.logged_in(EMAIL).await;
}
