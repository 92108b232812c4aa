//! Logging out.

use reqwest::Method;
use test_support::{App, EMAIL, PASSWORD};

#[actix_web::test]
async fn logging_out_ends_the_session_for_copies_of_the_cookie_too() {
    for mode in ["cookie", "database"] {
        let app = App::start_with(&[("SESSION_MODE", mode)]).await;
        let mut ann = app.signed_up(EMAIL).await;
        let (mut thief, mut late_thief) = (ann.clone(), ann.clone());
        assert!(thief.is_logged_in().await);

        let answer = ann.log_out().await;
        assert_eq!(answer.redirects_to(), "/login");
        assert!(answer.clears_the_cookie(), "{answer:?}");
        assert_eq!(ann.session(), None);
        assert!(!ann.is_logged_in().await);

        let answer = thief.get("/profile").await;
        assert_eq!(answer.redirects_to(), "/login?next=/profile");
        assert!(answer.clears_the_cookie(), "{answer:?}");

        let app = app.restart(&[("SESSION_MODE", mode)]).await;
        late_thief.move_to(&app);
        assert!(!late_thief.is_logged_in().await, "{mode}: nor after a restart");
    }
}

#[actix_web::test]
async fn logging_out_ends_no_other_session() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut phone = app.client();
    phone.log_in(EMAIL, PASSWORD).await;
    ann.log_out().await;
    assert!(phone.is_logged_in().await);
}

#[actix_web::test]
async fn logging_out_twice_is_logging_out() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let mut copy = ann.clone();
    ann.log_out().await;
    let again = ann.log_out().await;
    assert_eq!(again.redirects_to(), "/login");
    assert!(again.set_cookies().is_empty());
    let copied = copy.log_out().await;
    assert_eq!(copied.redirects_to(), "/login");
    assert!(copied.clears_the_cookie(), "{copied:?}");
}

#[actix_web::test]
async fn logging_out_with_an_unreadable_cookie_clears_it() {
    let app = App::start().await;
    let mut visitor = app.client();
    visitor.set_cookie("waxseal", "unreadable");
    let answer = visitor.log_out().await;
    assert_eq!(answer.redirects_to(), "/login");
    assert!(answer.clears_the_cookie(), "{answer:?}");
}

#[actix_web::test]
async fn a_log_out_is_stronger_than_a_refresh() {
    let app = App::start_with(&[("SESSION_REFRESH_BELOW", "7d")]).await;
    let mut ann = app.signed_up(EMAIL).await;
    app.clock.advance(test_support::HOUR);
    assert!(ann.log_out().await.clears_the_cookie());
}

#[actix_web::test]
async fn the_body_of_a_log_out_is_ignored() {
    let app = App::start().await;
    for (content_type, body) in
        [("application/json", "{}".to_owned()), ("text/plain", "x".repeat(100_000))]
    {
        let mut ann = app.client();
        ann.sign_up(EMAIL, PASSWORD).await;
        ann.log_in(EMAIL, PASSWORD).await;
        let answer = ann.post_body("/logout", content_type, body).await;
        assert_eq!(answer.redirects_to(), "/login");
        assert!(!ann.is_logged_in().await);
    }
}

#[actix_web::test]
async fn a_link_does_not_log_out() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for method in [Method::GET, Method::HEAD] {
        let answer = ann.send(ann.request(method, "/logout")).await;
        assert_eq!(answer.status, 405);
    }
    assert!(ann.is_logged_in().await);
}
