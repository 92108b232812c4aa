//! A disabled account: no one logs in to it, and only its owner learns why.

use test_support::{Answer, App, EMAIL, PASSWORD};

const WRONG: &str = "not the password of anyone";
const NEW: &str = "granite lantern seven otters";
const DISABLED: &str = "This account is disabled. Ask an administrator of this site.";

/// As in a database that was restored: no session has ended for it.
async fn disable(app: &App, email: &str) {
    let disable = "UPDATE users SET disabled_at = 1 WHERE email = $1";
    assert_eq!(app.database.execute(disable, &[email]).await, 1);
}

async fn log_in(app: &App, password: &str) -> Answer {
    app.client().log_in(EMAIL, password).await
}

#[actix_web::test]
async fn the_right_password_learns_that_the_account_is_disabled_and_a_wrong_one_does_not() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    disable(&app, EMAIL).await;
    let right = log_in(&app, PASSWORD).await;
    assert_eq!(right.status, 422);
    assert!(right.contains_text(DISABLED), "{}", right.body);
    assert!(right.set_cookies().is_empty(), "{right:?}");
    assert_eq!(right.typed("email").as_deref(), Some(EMAIL));
    let wrong = log_in(&app, WRONG).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.contains_text("Incorrect email or password."), "{}", wrong.body);
    assert!(!wrong.contains_text("disabled"), "{}", wrong.body);
    // The history tells of log-ins; this was none, and no wrong password.
    let events = "SELECT COUNT(*) FROM login_events WHERE outcome = 'granted'";
    assert_eq!(app.database.number(events).await, 1, "the sign-up");
}

#[actix_web::test]
async fn it_counts_neither_as_a_right_password_nor_as_a_wrong_one() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    disable(&app, EMAIL).await;
    for _ in 0..4 {
        assert_eq!(log_in(&app, WRONG).await.status, 422);
    }
    for _ in 0..3 {
        assert!(log_in(&app, PASSWORD).await.contains_text(DISABLED));
    }
    assert_eq!(log_in(&app, WRONG).await.status, 422, "the fifth");
    let throttled = log_in(&app, PASSWORD).await;
    assert_eq!(throttled.status, 429);
    assert!(!throttled.contains_text("disabled"), "{}", throttled.body);
}

#[actix_web::test]
async fn a_sign_up_with_its_address_tells_no_more_than_a_log_in() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    disable(&app, EMAIL).await;
    let wrong = app.client().sign_up(EMAIL, NEW).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.contains_text("An account with this email address already exists."));
    assert!(!wrong.contains_text("disabled"), "{}", wrong.body);
    let right = app.client().sign_up(EMAIL, PASSWORD).await;
    assert_eq!(right.status, 422);
    assert!(right.contains_text(DISABLED), "{}", right.body);
    assert!(right.set_cookies().is_empty(), "{right:?}");
}

#[actix_web::test]
async fn a_session_that_is_left_is_ended_where_it_is_shown() {
    let app = App::start().await;
    let ann = app.admin().await;
    disable(&app, EMAIL).await;
    for path in ["/profile", "/sessions", "/logins", "/admin/users"] {
        let answer = ann.clone().get(path).await;
        assert!(answer.redirects_to().starts_with("/login"), "{path}");
        assert!(answer.clears_the_cookie(), "{path}: {answer:?}");
    }
    let change = [("current_password", PASSWORD), ("new_password", NEW)];
    let answer = ann.clone().post("/profile/password", &change).await;
    assert!(answer.redirects_to().starts_with("/login") && answer.clears_the_cookie());
    assert!(log_in(&app, PASSWORD).await.contains_text(DISABLED), "the password is as it was");
}

#[actix_web::test]
async fn no_link_resets_its_password() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    app.client().post("/forgot", &[("email", EMAIL)]).await;
    let token = app.mail(EMAIL, 1).await.token();
    disable(&app, EMAIL).await;
    let mut client = app.client();
    assert_eq!(client.get(&format!("/reset?t={token}")).await.status, 410);
    let reset = client.post("/reset", &[("t", &token), ("new_password", NEW)]).await;
    assert_eq!(reset.status, 410);
    // Not even the one that it has.
    let reset = client.post("/reset", &[("t", &token), ("new_password", PASSWORD)]).await;
    assert_eq!(reset.status, 410);
    assert!(log_in(&app, PASSWORD).await.contains_text(DISABLED));
}

#[actix_web::test]
async fn no_link_to_reset_its_password_is_sent() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    disable(&app, EMAIL).await;
    let asked = app.client().post("/forgot", &[("email", EMAIL)]).await;
    assert_eq!(asked.redirects_to(), "/forgot/sent");
    crate::change_email::sent(&app).await;
    assert!(test_support::mails_to(app.mails.path(), EMAIL).is_empty());
}

/// However often they are tried: the log-in is before or after, and the one before is ended.
#[actix_web::test]
async fn an_account_that_is_disabled_while_many_log_in_has_no_session() {
    let app = App::start().await;
    let node = app.another_node(&[]).await;
    let mut admin = app.admin().await;
    app.signed_up("bob@example.com").await;
    let url = format!("/admin/users/{}", app.id_of("bob@example.com").await);
    let mut clients: Vec<_> = (0..6).map(|n| [&app, &node][n % 2].client()).collect();
    let log_ins = clients.iter_mut().map(|client| client.log_in("bob@example.com", PASSWORD));
    let disable = format!("{url}/disable");
    let (_, disabled) =
        tokio::join!(futures_util::future::join_all(log_ins), admin.press(&disable));
    assert_eq!(disabled.redirects_to(), url);
    for client in &mut clients {
        assert!(!client.is_logged_in().await);
    }
    let live = "SELECT COUNT(*) FROM waxseal_sessions WHERE revoked_at IS NULL AND user_id IN
        (SELECT id FROM users WHERE disabled_at IS NOT NULL)";
    assert_eq!(app.database.number(live).await, 0);
}
