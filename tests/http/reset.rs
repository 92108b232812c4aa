//! Resetting a forgotten password by a link from a mail.

use reqwest::Method;
use test_support::{Answer, App, Client, DAY, EMAIL, HOUR, PASSWORD, SECOND};

const NEW: &str = "granite lantern seven otters";
const OTHER: &str = "copper windmill thirty ferns";
const DEAD: &str = "This link no longer works";

/// Ann has forgotten her password, and got the link.
async fn asked(app: &App) -> String {
    let answer = app.client().post("/forgot", &[("email", EMAIL)]).await;
    assert_eq!(answer.redirects_to(), "/forgot/sent");
    app.mail(EMAIL, 1).await.token()
}

async fn reset(client: &mut Client, token: &str, new: &str) -> Answer {
    client.post("/reset", &[("t", token), ("new_password", new)]).await
}

#[track_caller]
fn assert_dead(answer: &Answer) {
    assert_eq!(answer.status, 410, "{}", answer.body);
    assert!(answer.body.contains(DEAD) && answer.body.contains("action=\"/forgot\""));
}

#[actix_web::test]
async fn a_new_password_ends_all_sessions_and_logs_no_one_in() {
    let app = App::start().await;
    let (mut desk, mut phone) = (app.signed_up(EMAIL).await, app.logged_in(EMAIL).await);
    let token = asked(&app).await;
    let mut client = app.client();
    let page = client.get(&format!("/reset?t={token}")).await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains(EMAIL), "{}", page.body);
    let answer = reset(&mut client, &token, NEW).await;
    assert_eq!(answer.redirects_to(), "/login");
    assert!(client.session().is_none());
    let login = client.get("/login").await;
    assert!(login.body.contains("Your password has been changed. Log in with the new one."));
    for session in [&mut desk, &mut phone, &mut client] {
        assert!(!session.is_logged_in().await);
    }
    assert_eq!(client.log_in(EMAIL, PASSWORD).await.status, 422);
    assert_eq!(client.log_in(EMAIL, NEW).await.redirects_to(), "/profile");
    let told = app.mail(EMAIL, 2).await;
    assert_eq!(told.subject, "Your password has changed");
    assert!(told.text.contains("reset by a link"), "{}", told.text);
}

#[actix_web::test]
async fn known_and_unknown_addresses_get_the_same_answer() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let ask = async |address| {
        let answer = app.client().post("/forgot", &[("email", address)]).await;
        let mut headers = answer.headers.clone();
        headers.remove("date");
        (answer.status, headers, answer.body)
    };
    assert_eq!(ask(EMAIL).await, ask("bo@example.com").await);
    app.mail(EMAIL, 1).await;
    // Both rows are gone, and one mail was written.
    test_support::eventually(async || app.database.number("SELECT COUNT(*) FROM mails").await == 0)
        .await;
    assert_eq!(std::fs::read_dir(app.mails.path()).unwrap().count(), 1);
}

#[actix_web::test]
async fn a_link_works_once() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let token = asked(&app).await;
    let mut client = app.client();
    assert_eq!(reset(&mut client, &token, NEW).await.redirects_to(), "/login");
    assert_dead(&reset(&mut client, &token, OTHER).await);
    assert_dead(&client.get(&format!("/reset?t={token}")).await);
    assert_eq!(client.log_in(EMAIL, OTHER).await.status, 422);
    assert_eq!(client.log_in(EMAIL, NEW).await.redirects_to(), "/profile");
}

/// The second click, or the same form after a lost answer.
#[actix_web::test]
async fn the_same_form_sent_twice_ends_as_one() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let token = asked(&app).await;
    let mut client = app.client();
    for _ in 0..2 {
        assert_eq!(reset(&mut client, &token, NEW).await.redirects_to(), "/login");
    }
    assert_eq!(client.log_in(EMAIL, NEW).await.redirects_to(), "/profile");
    app.mail(EMAIL, 2).await;
}

#[actix_web::test]
async fn of_two_at_once_one_sets_the_password() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let token = asked(&app).await;
    let (mut one, mut other) = (app.client(), app.client());
    let answers =
        futures_util::future::join(reset(&mut one, &token, NEW), reset(&mut other, &token, OTHER));
    let (one, other) = answers.await;
    let mut statuses = [one.status.as_u16(), other.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [303, 410]);
    let winner = if one.status == 303 { NEW } else { OTHER };
    assert_eq!(app.client().log_in(EMAIL, winner).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn fetching_a_link_changes_nothing() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let path = format!("/reset?t={}", asked(&app).await);
    let before = app.database.dump().await;
    let mut scanner = app.client();
    for _ in 0..500 {
        assert_eq!(scanner.get(&path).await.status, 200);
        let head = scanner.request(Method::HEAD, &path);
        assert_eq!(scanner.send(head).await.status, 200);
    }
    assert_eq!(app.database.dump().await, before);
    assert_eq!(reset(&mut scanner, &path[9..], NEW).await.redirects_to(), "/login");
}

#[actix_web::test]
async fn another_site_can_t_press_the_button() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let token = asked(&app).await;
    let client = app.client();
    let request = client.request(Method::POST, "/reset").header("Sec-Fetch-Site", "cross-site");
    let form = [("t", token.as_str()), ("new_password", NEW)];
    let answer = app.client().send(request.form(&form)).await;
    assert_eq!(answer.status, 403);
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn a_link_dies_with_its_time_the_password_and_the_account() {
    for what in ["time", "password", "account", "disabled", "address"] {
        let app = App::start().await;
        let mut ann = app.signed_up(EMAIL).await;
        let token = asked(&app).await;
        match what {
            "time" => {
                app.clock.advance(HOUR - SECOND);
                assert_eq!(app.client().get(&format!("/reset?t={token}")).await.status, 200);
                app.clock.advance(SECOND);
            }
            "password" => {
                let form = [("current_password", PASSWORD), ("new_password", OTHER)];
                assert_eq!(ann.post("/profile/password", &form).await.status, 303);
            }
            "account" => {
                let answer = ann.post("/profile/delete", &[("password", PASSWORD)]).await;
                assert_eq!(answer.status, 303);
            }
            "disabled" => {
                app.database.execute("UPDATE users SET disabled_at = 1", &[]).await;
            }
            // Whoever reads the old address's mail must not get in.
            _ => {
                app.database.execute("UPDATE users SET email = 'new@example.com'", &[]).await;
            }
        }
        assert_dead(&app.client().get(&format!("/reset?t={token}")).await);
        assert_dead(&reset(&mut app.client(), &token, NEW).await);
    }
}

#[actix_web::test]
async fn what_is_no_link_is_dead() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let session = ann.session().unwrap().to_owned();
    let real = asked(&app).await;
    for token in ["", "x", &session, &real[1..], &format!("{real}A")] {
        assert_dead(&ann.get(&format!("/reset?t={token}")).await);
        assert_dead(&reset(&mut ann, token, NEW).await);
    }
    // And a link is no session.
    let request = app.client().request(Method::GET, "/profile");
    let answer = app.client().send(request.header("Cookie", format!("waxseal={real}"))).await;
    assert_eq!(answer.redirects_to(), "/login?next=/profile");
}

#[actix_web::test]
async fn a_bad_new_password_is_explained_beside_its_field_and_uses_no_link_up() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let token = asked(&app).await;
    let mut client = app.client();
    for weak in ["", "short", "ann@example.com"] {
        let answer = reset(&mut client, &token, weak).await;
        assert_eq!(answer.status, 422, "{weak:?}");
        assert!(answer.body.contains("id=\"new_password-error\""), "{}", answer.body);
        assert!(answer.body.contains(&token), "the form can be sent again");
    }
    assert_eq!(reset(&mut client, &token, NEW).await.redirects_to(), "/login");
}

/// Failed log-ins make attempts wait: a new password by a link proves the owner.
#[actix_web::test]
async fn a_reset_forgets_failed_log_ins() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let mut client = app.client();
    while client.log_in(EMAIL, "not the password of anyone").await.status != 429 {}
    let token = asked(&app).await;
    assert_eq!(reset(&mut client, &token, NEW).await.redirects_to(), "/login");
    assert_eq!(client.log_in(EMAIL, NEW).await.redirects_to(), "/profile");
}

#[actix_web::test]
async fn a_used_link_gives_no_more_guesses_than_log_in() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let token = asked(&app).await;
    let mut client = app.client();
    assert_eq!(reset(&mut client, &token, NEW).await.redirects_to(), "/login");
    for _ in 0..5 {
        assert_dead(&reset(&mut client, &token, OTHER).await);
    }
    assert_eq!(client.log_in(EMAIL, NEW).await.status, 429);
    assert_dead(&reset(&mut client, &token, NEW).await);
}

#[actix_web::test]
async fn forms_from_one_network_are_limited_like_log_ins() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let token = asked(&app).await;
    let mut client = app.client();
    for _ in 0..100 {
        assert_eq!(reset(&mut client, &token, "").await.status, 422);
    }
    let answer = reset(&mut client, &token, NEW).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "1"));
}

#[actix_web::test]
async fn only_so_many_mails_are_sent_and_asking_locks_no_one_out() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let mut client = app.client();
    let mut ask = async || {
        let answer = client.post("/forgot", &[("email", EMAIL)]).await;
        assert_eq!(answer.redirects_to(), "/forgot/sent");
    };
    for number in 1..=5 {
        ask().await;
        ask().await;
        app.mail(EMAIL, number).await;
        app.clock.elapse(60 * SECOND);
    }
    ask().await;
    assert_eq!(app.client().log_in(EMAIL, PASSWORD).await.redirects_to(), "/profile");
    app.clock.elapse(DAY);
    ask().await;
    app.mail(EMAIL, 6).await;
}

#[actix_web::test]
async fn a_network_may_ask_for_as_many_mails_as_sign_ups() {
    let app = App::start().await;
    let mut client = app.client();
    for number in 0..30 {
        let address = format!("user{number}@example.com");
        assert_eq!(client.post("/forgot", &[("email", &address)]).await.status, 303);
    }
    let answer = client.post("/forgot", &[("email", EMAIL)]).await;
    assert_eq!((answer.status.as_u16(), answer.header("retry-after")), (429, "60"));
}

/// The page's address holds the token.
#[actix_web::test]
async fn the_page_tells_its_address_to_no_one() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let path = format!("/reset?t={}", asked(&app).await);
    for path in [path.as_str(), "/reset?t=x"] {
        let answer = app.client().get(path).await;
        assert_eq!(answer.header("referrer-policy"), "strict-origin");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[actix_web::test]
async fn the_link_is_on_the_site_that_the_settings_name() {
    let app = App::start_with(&[("PUBLIC_URL", "https://login.example.com")]).await;
    app.signed_up(EMAIL).await;
    let client = app.client();
    let request = client
        .request(Method::POST, "/forgot")
        .header("Host", "evil.example")
        .header("X-Forwarded-Host", "evil.example")
        .form(&[("email", EMAIL)]);
    assert_eq!(app.client().send(request).await.status, 303);
    let mail = app.mail(EMAIL, 1).await;
    assert!(mail.text.contains("https://login.example.com/reset?t="), "{}", mail.text);
    assert!(!mail.raw.contains("evil"));
}

/// Without mail there is no way to reset a password, so none is shown.
#[actix_web::test]
async fn without_mail_nothing_leads_there() {
    let settings =
        [("APP_ENV", "production"), ("PUBLIC_URL", "https://login.example.com"), ("MAIL_DIR", "")];
    let app = App::start_with(&settings).await;
    let mut client = app.client();
    assert!(!client.get("/login").await.body.contains("/forgot"));
    for path in ["/forgot", "/forgot/sent"] {
        assert_eq!(client.get(path).await.status, 404, "{path}");
    }
    assert_eq!(client.post("/forgot", &[("email", EMAIL)]).await.status, 404);
}
