//! Cross-origin writes: a form on somebody else's site does nothing here.

use reqwest::Method;

use crate::helpers::{Answer, EMAIL, PASSWORD, TestApp, text};

#[actix_web::test]
async fn forms_on_other_sites_are_refused() {
    let app = TestApp::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    let ours = format!("http://{}", app.address);
    for headers in [
        &[("Sec-Fetch-Site", "cross-site")][..],
        &[("Sec-Fetch-Site", "same-site")],
        &[("Sec-Fetch-Site", "")],
        &[("Sec-Fetch-Site", "cross-site"), ("Origin", &ours)],
        &[("Origin", "https://evil.example")],
        &[("Origin", "null")],
        &[("Origin", "")],
        &[("Origin", "http://127.0.0.1:1")],
    ] {
        for path in ["/login", "/signup", "/logout", "/profile", "/nope"] {
            let answer = post(&app, path, headers, ann.session()).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
            assert!(answer.body.contains("<h1>Not allowed</h1>"), "{path} {headers:?}");
            assert!(answer.set_cookies().is_empty(), "{path} {headers:?}");
        }
    }
    assert!(ann.is_logged_in().await);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM sessions").await, 1);
}

#[actix_web::test]
async fn forms_on_this_site_are_accepted_and_so_is_what_is_no_browser() {
    let app = TestApp::start().await;
    app.signed_up(EMAIL).await;
    let ours = format!("http://{}", app.address);
    for headers in [
        &[][..],
        &[("Sec-Fetch-Site", "same-origin")],
        &[("Sec-Fetch-Site", "none")],
        &[("Sec-Fetch-Site", "same-origin"), ("Origin", "null")],
        &[("Origin", &ours)],
    ] {
        let answer = post(&app, "/login", headers, None).await;
        assert_eq!(answer.redirects_to(), "/profile", "{headers:?}");
    }
}

#[actix_web::test]
async fn the_public_url_is_this_site_too() {
    let app = TestApp::start_with(|settings| settings.public_url = text("https://a.example")).await;
    app.signed_up(EMAIL).await;
    let answer = post(&app, "/login", &[("Origin", "https://a.example")], None).await;
    assert_eq!(answer.redirects_to(), "/profile");
    let answer = post(&app, "/login", &[("Origin", "https://a.example:8443")], None).await;
    assert_eq!(answer.status, 403);
}

#[actix_web::test]
async fn links_from_other_sites_are_followed() {
    let app = TestApp::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for method in [Method::GET, Method::HEAD] {
        let request = ann.request(method, "/profile").header("Sec-Fetch-Site", "cross-site");
        let answer = ann.send(request.header("Origin", "https://a.example")).await;
        assert_eq!(answer.status, 200);
    }
}

async fn post(
    app: &TestApp,
    path: &str,
    headers: &[(&str, &str)],
    session: Option<&str>,
) -> Answer {
    let mut browser = app.browser();
    if let Some(token) = session {
        browser.plant("session", token);
    }
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let request = browser.request(Method::POST, path).form(&form);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    browser.send(request).await
}
