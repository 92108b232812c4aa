//! Where log-in and sign-up lead to is kept on every way there.

use reqwest::Method;
use test_support::{Answer, App, Client, EMAIL, PASSWORD};

const NEXT: &str = "/sessions?page=2";
const QUERY: &str = "?next=/sessions%3Fpage=2";
const FORMS: [&str; 2] = ["/login", "/signup"];

#[actix_web::test]
async fn a_form_that_is_loaded_again_after_logging_in_elsewhere_leads_on() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for path in FORMS {
        // The address of the form, and of what its errors are shown at.
        let form = app.client().get(&format!("{path}{QUERY}")).await;
        assert_eq!(action(&form), format!("{path}{QUERY}"));
        let answer = ann.get(&action(&form)).await;
        assert_eq!(answer.redirects_to(), NEXT, "{path}");
    }
}

#[actix_web::test]
async fn errors_keep_it_in_the_form_in_its_address_and_in_the_link_to_the_other_form() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    for (path, other) in [("/login", "/signup"), ("/signup", "/login")] {
        let mut visitor = app.client();
        let typed = |password| [("email", EMAIL), ("password", password), ("next", NEXT)];
        let mut statuses = Vec::new();
        // The last ones come too soon after the others.
        for password in ["", "wrong", "wrong", "wrong", "wrong", "wrong", "wrong"] {
            let answer = visitor.post(path, &typed(password)).await;
            statuses.push(answer.status.as_u16());
            assert_eq!(answer.typed("next").as_deref(), Some(NEXT), "{path}");
            assert_eq!(action(&answer), format!("{path}{QUERY}"));
            let link = format!(r#"<a href="{other}{QUERY}">"#);
            assert!(answer.contains_text(&link), "{path}: {}", answer.body);
        }
        assert!(statuses.contains(&422) && statuses.contains(&429), "{path}: {statuses:?}");
    }
}

#[actix_web::test]
async fn an_old_form_leads_on_though_someone_is_logged_in_by_now() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let form = [("email", EMAIL), ("password", PASSWORD), ("next", NEXT)];
    for path in FORMS {
        assert_eq!(ann.post(path, &form).await.redirects_to(), NEXT, "{path}");
        assert!(ann.is_logged_in().await, "{path}");
    }
}

#[actix_web::test]
async fn the_address_alone_is_enough_and_the_field_comes_first() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    for path in FORMS {
        let address = format!("{path}{QUERY}");
        let answer = app.client().post(&address, &[("email", EMAIL), ("password", PASSWORD)]).await;
        assert_eq!(answer.redirects_to(), NEXT, "{path}");
        let form = [("email", EMAIL), ("password", PASSWORD), ("next", "/logins")];
        assert_eq!(app.client().post(&address, &form).await.redirects_to(), "/logins");
        let hostile = format!("{path}?next=//evil.example");
        let answer = app.client().post(&hostile, &[("email", EMAIL), ("password", PASSWORD)]).await;
        assert_eq!(answer.redirects_to(), "/profile");
    }
}

#[actix_web::test]
async fn a_session_that_is_over_when_a_form_is_sent_leads_back_to_its_page() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    app.promote(EMAIL).await;
    let user = app.id_of(EMAIL).await;
    for (path, page) in [
        ("/profile/password".to_owned(), "/profile"),
        ("/profile/delete".to_owned(), "/profile"),
        ("/sessions/AAAAAAAAAAAAAAAAAAAAAA/revoke".to_owned(), "/sessions"),
        ("/sessions/revoke-others".to_owned(), "/sessions"),
        (format!("/admin/users/{user}/role"), "/admin/users"),
        (format!("/admin/users/{user}/revoke-sessions"), "/admin/users"),
    ] {
        let mut ann = app.logged_in(EMAIL).await;
        let form = ann.clone();
        ann.log_out().await;
        let mut late = form;
        let answer = late.press(&path).await;
        assert!(answer.clears_the_cookie(), "{path}: {answer:?}");
        let login = late.get(answer.redirects_to()).await;
        let (_, next) = (login.status, login.typed("next").unwrap_or_default());
        assert_eq!(log_in(&mut late, &next).await, page, "{path}");
    }
}

/// Who logs in after that may be someone else.
#[actix_web::test]
async fn a_log_out_leads_nowhere_in_particular() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let login = ann.log_out().await.redirects_to().to_owned();
    let request = ann.request(Method::GET, &login).header("Referer", "http://localhost/sessions");
    let form = ann.send(request).await;
    assert_eq!((login.as_str(), form.typed("next")), ("/login", None));
}

async fn log_in(browser: &mut Client, next: &str) -> String {
    let form = [("email", EMAIL), ("password", PASSWORD), ("next", next)];
    browser.post("/login", &form).await.redirects_to().to_owned()
}

/// Where the page's form is sent to, as a browser reads it.
fn action(page: &Answer) -> String {
    let (_, rest) = page.body.split_once(r#"<form method="post" action=""#).unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}
