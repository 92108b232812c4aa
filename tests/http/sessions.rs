//! The sessions of a person: seen and ended.

use reqwest::Method;
use test_support::{App, Client, DAY, EMAIL, HOUR, PASSWORD};

use crate::people::FIREFOX;

#[actix_web::test]
async fn every_live_session_is_shown_and_this_one_is_marked() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.signed_up("bob@example.com").await;
    app.logged_in(EMAIL).await.log_out().await;
    app.clock.advance(2 * HOUR);
    let mut firefox = app.client();
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let request = firefox.request(Method::POST, "/login").form(&form);
    firefox.send(request.header("User-Agent", FIREFOX)).await.redirects_to();
    app.clock.advance(HOUR);

    let page = ann.get("/sessions").await;
    assert_eq!(page.status, 200);
    let (this, others) = page.body.split_once("Other sessions").unwrap();
    assert!(this.contains("Unknown browser <span class=\"badge\">This session</span>"), "{this}");
    for text in ["127.0.0.1", ">18 May 2033, 03:33 UTC<", ">18 May 2033, 06:33 UTC<"] {
        assert!(this.contains(text), "began, and was last seen just now: {this}");
    }
    assert!(this.contains(&revocation(&ann.session_id().await)), "{this}");
    for text in ["Firefox on Windows", "127.0.0.1", ">18 May 2033, 05:33 UTC<"] {
        assert!(others.contains(text), "{others}");
    }
    assert!(others.contains(&revocation(&firefox.session_id().await)), "{others}");
    assert_eq!(page.count("<a class=\"button\" href=\"/sessions/"), 2, "{}", page.body);
    assert!(page.contains_text(r#"<a class="button danger" href="/sessions/others">"#));
}

#[actix_web::test]
async fn many_sessions_are_on_pages_this_one_first() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.clock.advance(HOUR);
    let user = app.id_of(EMAIL).await;
    let rows = (1..=60).map(|number| {
        let at = 2_000_000_000 + number;
        let ends = at + 1_000_000;
        format!("('{number:0>21}A', '{user}', '{{}}', {at}, {at}, {ends}, {ends})")
    });
    let sql = format!(
        "INSERT INTO waxseal_sessions (id, user_id, state, auth_time, last_seen, expires_at,
            latest_expiry) VALUES {}",
        rows.collect::<Vec<_>>().join(",")
    );
    assert_eq!(app.database.execute(sql.leak(), &[]).await, 60);
    let this = revocation(&ann.session_id().await);

    let first = ann.get("/sessions").await;
    assert_eq!(first.count("<a class=\"button\" href=\"/sessions/"), 50, "{}", first.body);
    assert!(first.contains_text(&this), "seen last, and yet on the first page");
    assert!(first.contains_text(r#"<a href="/sessions?page=2" rel="next">"#), "{}", first.body);
    let second = ann.get("/sessions?page=2&q=x").await;
    assert_eq!(second.count("<a class=\"button\" href=\"/sessions/"), 11, "{}", second.body);
    assert!(!second.contains_text(&this), "{}", second.body);
    assert!(second.contains_text(r#"<a href="/sessions" rel="prev">"#), "{}", second.body);
    let third = ann.get("/sessions?page=3").await;
    assert!(
        third.contains_text(r#"No sessions on this page. <a href="/sessions">"#),
        "{}",
        third.body
    );
}

#[actix_web::test]
async fn an_expired_session_is_not_shown() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    app.clock.advance(7 * DAY);
    let page = app.logged_in(EMAIL).await.get("/sessions").await;
    assert_eq!(page.count("<a class=\"button\" href=\"/sessions/"), 1, "{}", page.body);
    assert!(page.contains_text("No other sessions."), "{}", page.body);
    assert!(!page.contains_text("/sessions/others"), "{}", page.body);
}

#[actix_web::test]
async fn a_browsers_name_is_never_markup() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let mut ann = app.client();
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let request = ann.request(Method::POST, "/login").form(&form);
    let request = request.header("User-Agent", "<script>alert(1)</script> Firefox/1 on \"Windows");
    ann.send(request).await.redirects_to();
    for path in ["/sessions", "/logins"] {
        let page = ann.get(path).await;
        assert!(
            page.contains_text("Firefox on Windows") && !page.contains_text("<script"),
            "{}",
            page.body
        );
    }
}

#[actix_web::test]
async fn what_ends_sessions_is_asked_first_on_a_page_of_its_own() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut phone = app.logged_in(EMAIL).await;
    let mut bob = app.signed_up("bob@example.com").await;
    let (mine, other) = (ann.session_id().await, phone.session_id().await);
    for (path, question, action) in [
        (format!("/sessions/{other}"), "End the session?", format!("/sessions/{other}/revoke")),
        (format!("/sessions/{mine}"), "End this session?", format!("/sessions/{mine}/revoke")),
        (
            "/sessions/others".to_owned(),
            "End all other sessions?",
            "/sessions/revoke-others".to_owned(),
        ),
    ] {
        let page = ann.get(&path).await;
        assert!(page.contains_text(&format!("<h1>{question}</h1>")), "{path}: {}", page.body);
        assert!(
            page.contains_text(&format!(r#"method="post" action="{action}">"#)),
            "{}",
            page.body
        );
        assert!(page.contains_text(r#"<a href="/sessions">Cancel</a>"#), "{}", page.body);
    }
    assert!(ann.is_logged_in().await && phone.is_logged_in().await, "only asked");
    for path in [format!("/sessions/{other}"), "/sessions/x".to_owned()] {
        assert_eq!(bob.get(&path).await.status, 404, "{path}");
    }
    phone.log_out().await;
    assert_eq!(ann.get(&format!("/sessions/{other}")).await.status, 404, "it is over");
}

#[actix_web::test]
async fn a_session_that_is_ended_is_dead_at_once() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let (mut phone, mut tablet) = (app.logged_in(EMAIL).await, app.logged_in(EMAIL).await);
        let path = format!("/sessions/{}/revoke", phone.session_id().await);
        let answer = ann.press(&path).await;
        assert_eq!(answer.redirects_to(), "/sessions");
        assert!(answer.set_cookies().is_empty());
        let dead = phone.get("/profile").await;
        assert_eq!(dead.redirects_to(), "/login?next=/profile");
        assert!(dead.clears_the_cookie(), "{dead:?}");
        assert!(ann.is_logged_in().await && tablet.is_logged_in().await, "{mode}");
        assert_eq!(ann.press(&path).await.redirects_to(), "/sessions", "pressed twice");
    }
}

#[actix_web::test]
async fn ending_the_session_at_hand_is_logging_out() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut copy = ann.clone();
    let answer = ann.press(&format!("/sessions/{}/revoke", copy.session_id().await)).await;
    assert_eq!(answer.redirects_to(), "/sessions");
    assert!(answer.clears_the_cookie(), "{answer:?}");
    assert_eq!(ann.get("/sessions").await.redirects_to(), "/login?next=/sessions");
    assert!(!copy.is_logged_in().await);
}

#[actix_web::test]
async fn somebody_elses_session_is_not_found_and_goes_on() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut bob = app.signed_up("bob@example.com").await;
    let answer = ann.press(&format!("/sessions/{}/revoke", bob.session_id().await)).await;
    assert_eq!(answer.status, 404);
    assert!(answer.contains_text("<h1>Page not found</h1>"), "{}", answer.body);
    assert!(bob.is_logged_in().await && ann.is_logged_in().await);
    app.promote("bob@example.com").await;
    let mut bob = app.logged_in("bob@example.com").await;
    let answer = bob.press(&format!("/sessions/{}/revoke", ann.session_id().await)).await;
    assert_eq!(answer.status, 404, "an administrator's page is another one");
    assert!(ann.is_logged_in().await);
}

#[actix_web::test]
async fn what_is_no_session_is_not_found() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let id = ann.session_id().await;
    for id in [
        "AAAAAAAAAAAAAAAAAAAAAA",
        "x",
        "%ff",
        "%00",
        "..%2f",
        "'%20OR%201=1--",
        &format!("{id}="),
        &format!("{id}%20"),
        &id[..21],
        &"A".repeat(5000),
    ] {
        let answer = ann.press(&format!("/sessions/{id}/revoke")).await;
        assert_eq!(answer.status, 404, "{id}");
    }
    assert_eq!(ann.press("/sessions//revoke").await.status, 404);
    assert!(ann.is_logged_in().await);
}

#[actix_web::test]
async fn ending_all_others_leaves_this_one_and_those_of_other_people() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut bob = app.signed_up("bob@example.com").await;
    let mut others: Vec<Client> = Vec::new();
    for _ in 0..3 {
        others.push(app.logged_in(EMAIL).await);
    }
    let before = ann.session().unwrap().to_owned();
    let answer = ann.press("/sessions/revoke-others").await;
    assert_eq!(answer.redirects_to(), "/sessions");
    for mut other in others {
        assert!(!other.is_logged_in().await);
    }
    assert!(ann.is_logged_in().await && bob.is_logged_in().await);
    assert_eq!(ann.session(), Some(before.as_str()), "nothing about it has changed");
    assert_eq!(ann.press("/sessions/revoke-others").await.redirects_to(), "/sessions");
}

#[actix_web::test]
async fn a_session_that_was_ended_stays_so_after_a_restart() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut phone = app.logged_in(EMAIL).await;
    ann.press("/sessions/revoke-others").await.redirects_to();
    let app = app.restart(&[]).await;
    phone.move_to(&app);
    ann.move_to(&app);
    assert!(!phone.is_logged_in().await);
    assert!(ann.is_logged_in().await);
}

/// The link to the page that asks whether a session shall end.
fn revocation(id: &str) -> String {
    format!(r#"<a class="button" href="/sessions/{id}">"#)
}
