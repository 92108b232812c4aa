//! Notices: the page after a redirect says what has just been done, and only if it was done.

use reqwest::Method;
use test_support::{Answer, App, Client, EMAIL, HOUR, PASSWORD};

const NEW: &str = "orange ladder seventy geese";

#[actix_web::test]
async fn every_success_is_told() {
    let app = App::start().await;
    let mut ann = app.client();
    ann.sign_up(EMAIL, PASSWORD).await.redirects_to();
    let page = from(&mut ann, "/signup", "/profile").await;
    assert_eq!(notice(&page), Some("Your account has been created, and you are logged in."));

    let change = [("current_password", PASSWORD), ("new_password", NEW)];
    ann.post("/profile/password", &change).await.redirects_to();
    let changed = Some("Your password has been changed. Your other sessions have ended.");
    for page in ["/profile", "/profile/password"] {
        assert_eq!(notice(&from(&mut ann, page, "/profile").await), changed);
    }

    let mut phone = app.client();
    phone.log_in(EMAIL, NEW).await.redirects_to();
    let question = format!("/sessions/{}", phone.session_id().await);
    assert_eq!(notice(&from(&mut ann, &question, "/sessions").await), None, "not yet");
    assert_eq!(notice(&from(&mut ann, "/sessions/others", "/sessions").await), None, "not yet");
    ann.post(&format!("{question}/revoke"), &[]).await.redirects_to();
    let ended = Some("The session has ended.");
    assert_eq!(notice(&from(&mut ann, &question, "/sessions").await), ended);
    ann.post("/sessions/revoke-others", &[]).await.redirects_to();
    let ended = Some("Your other sessions have ended.");
    assert_eq!(notice(&from(&mut ann, "/sessions/others", "/sessions").await), ended);

    ann.log_out().await.redirects_to();
    let page = from(&mut ann, "/profile", "/login").await;
    assert_eq!(notice(&page), Some("You are logged out."));
    ann.log_in(EMAIL, NEW).await.redirects_to();
    ann.post("/profile/delete", &[("password", NEW)]).await.redirects_to();
    let page = from(&mut ann, "/profile/deletion", "/signup").await;
    assert_eq!(notice(&page), Some("Your account has been deleted."));
    assert!(page.set_cookies().is_empty());
}

#[actix_web::test]
async fn an_administrator_is_told_what_is_so_now() {
    let app = App::start().await;
    let mut admin = app.admin().await;
    app.signed_up("bob@example.com").await;
    let path = format!("/admin/users/{}", app.id_of("bob@example.com").await);
    assert_eq!(notice(&from(&mut admin, "/admin/users", &path).await), None);
    admin.post(&format!("{path}/role"), &[("role", "admin")]).await.redirects_to();
    let done = Some("Done. The role is admin, with no open sessions.");
    assert_eq!(notice(&from(&mut admin, &path, &path).await), done);
}

#[actix_web::test]
async fn nothing_is_told_that_was_not_done() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    assert_eq!(notice(&ann.get("/profile").await), None);
    app.clock.advance(HOUR);
    for page in ["/signup", "/profile", "/sessions", "https://evil.example/signup"] {
        assert_eq!(notice(&from(&mut ann, page, "/profile").await), None, "{page}");
    }
    let mut visitor = app.client();
    for page in ["/login", "/signup", "/", "", "%zz"] {
        assert_eq!(notice(&from(&mut visitor, page, "/login").await), None, "{page}");
        assert_eq!(notice(&from(&mut visitor, page, "/signup").await), None, "{page}");
    }
}

/// Logged out, or over when a form was sent: either way, back to where one was.
#[actix_web::test]
async fn the_next_log_in_leads_back_to_where_one_was() {
    let app = App::start().await;
    let mut visitor = app.client();
    for (page, next) in [
        ("/sessions", Some("/sessions")),
        ("/profile/deletion", Some("/profile")),
        ("/sessionsx", None),
        ("/signup", None),
    ] {
        let form = from(&mut visitor, page, "/login").await;
        assert_eq!(form.typed("next").as_deref(), next, "{page}");
    }
    let form = from(&mut visitor, "/sessions", "/login?next=/logins").await;
    assert_eq!((form.typed("next").as_deref(), notice(&form)), (Some("/logins"), None));
}

/// A page, by a browser that comes from another.
async fn from(browser: &mut Client, page: &str, path: &str) -> Answer {
    let referer = match page.starts_with("http") {
        true => page.to_owned(),
        false => format!("http://localhost{page}"),
    };
    let request = browser.request(Method::GET, path).header("Referer", referer);
    browser.send(request).await
}

fn notice(page: &Answer) -> Option<&str> {
    assert_eq!(page.status, 200, "{}", page.body);
    let (_, rest) = page.body.split_once(r#"<p class="notice" role="status">"#)?;
    Some(rest.split_once("</p>").unwrap().0)
}
