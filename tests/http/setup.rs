//! Slips in the setup: what the pages tell people who run into them.

use reqwest::Method;
use test_support::{Answer, App, EMAIL, PASSWORD};

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:142.0) Gecko/20100101 Firefox/142.0";
const PLAIN_HTTP: &str =
    "This site is being reached over plain HTTP, so your browser will not keep";
const LOST_COOKIE: &str = "your browser did not keep the cookie";

/// A browser's request, without Sec-Fetch-Site: it sends none over plain HTTP.
async fn send(app: &App, method: Method, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut browser = app.client();
    let request = browser.request(method, path).header("User-Agent", FIREFOX);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    let form = [("email", EMAIL), ("password", PASSWORD)];
    browser.send(request.form(&form)).await
}

#[actix_web::test]
async fn in_production_a_browser_over_plain_http_is_told_so_before_a_password_is_typed() {
    let app = App::start_with(&[("APP_ENV", "production")]).await;
    let host = ("Host", "waxseal.lan");
    for path in ["/login", "/signup", "/login?next=/profile"] {
        for headers in [
            &[host][..],
            &[host, ("Referer", "http://waxseal.lan/signup")],
            &[host, ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "http")],
        ] {
            let page = send(&app, Method::GET, path, headers).await;
            assert_eq!(page.status, 200, "{path} {headers:?}");
            assert!(page.contains_text(PLAIN_HTTP), "{path} {headers:?}: {}", page.body);
            assert!(page.contains_text("Use https:// in place of http://"), "{}", page.body);
            assert!(page.set_cookies().is_empty(), "{path} {headers:?}");
        }
        for headers in [
            &[host, ("Sec-Fetch-Site", "none")][..],
            &[host, ("Referer", "https://waxseal.lan/signup")],
            &[host, ("X-Forwarded-For", "192.0.2.1"), ("X-Forwarded-Proto", "https")],
            &[host, ("X-Forwarded-For", "192.0.2.1")],
        ] {
            let page = send(&app, Method::GET, path, headers).await;
            assert!(!page.contains_text("plain HTTP"), "{path} {headers:?}: {}", page.body);
        }
    }
}

#[actix_web::test]
async fn in_development_plain_http_is_as_it_should_be() {
    let app = App::start().await;
    assert!(!send(&app, Method::GET, "/login", &[]).await.contains_text("plain HTTP"));
}

#[actix_web::test]
async fn a_form_over_plain_http_is_refused_in_production_with_the_address_to_use() {
    let settings = [("APP_ENV", "production"), ("PUBLIC_URL", "https://waxseal.example")];
    let app = App::start_with(&settings).await;
    let headers = [("Host", "waxseal.lan"), ("Origin", "http://waxseal.lan")];
    for path in ["/login", "/signup", "/logout", "/profile/password"] {
        let refused = send(&app, Method::POST, path, &headers).await;
        assert_eq!(refused.status, 403, "{path}");
        assert!(refused.contains_text("<h1>HTTPS is needed</h1>"), "{path}: {}", refused.body);
        assert!(refused.contains_text(PLAIN_HTTP), "{path}: {}", refused.body);
        assert!(refused.contains_text("Use https://waxseal.example instead."), "{}", refused.body);
    }
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, 0);
}

#[actix_web::test]
async fn a_form_that_the_host_does_not_fit_is_refused_without_talk_of_an_account() {
    for environment in ["development", "production"] {
        let app = App::start_with(&[("APP_ENV", environment)]).await;
        let headers = [("Host", "waxseal"), ("Origin", "https://example.com")];
        let refused = send(&app, Method::POST, "/login", &headers).await;
        assert_eq!(refused.status, 403);
        assert!(refused.contains_text("<h1>Request refused</h1>"), "{}", refused.body);
        assert!(refused.contains_text("try again from there"), "{}", refused.body);
        assert!(!refused.contains_text("account"), "{}", refused.body);
    }
}

#[actix_web::test]
async fn a_browser_that_keeps_no_cookie_is_told_so_when_it_is_led_back() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let login = format!("{}/login", app.url());
    let came_from = [("Referer", &*login), ("Sec-Fetch-Site", "same-origin")];
    let led_back = "/login?next=/profile";
    let before = send(&app, Method::GET, led_back, &came_from).await;
    assert!(!before.contains_text(LOST_COOKIE), "no one has logged in: {}", before.body);

    let same_origin = [("Sec-Fetch-Site", "same-origin")];
    let granted = send(&app, Method::POST, "/login", &same_origin).await;
    assert_eq!(granted.redirects_to(), "/profile");
    let guarded = send(&app, Method::GET, "/profile", &came_from).await;
    assert_eq!(guarded.redirects_to(), led_back);
    let page = send(&app, Method::GET, led_back, &came_from).await;
    assert!(page.contains_text(LOST_COOKIE), "{}", page.body);
    assert!(page.set_cookies().is_empty(), "{page:?}");
    assert_eq!(page.typed("next").as_deref(), Some("/profile"));

    // Another visitor, also at this address.
    let typed = send(&app, Method::GET, led_back, &same_origin).await;
    assert!(!typed.contains_text(LOST_COOKIE), "{}", typed.body);
}

#[actix_web::test]
async fn a_sign_up_whose_cookie_is_lost_is_noticed_too() {
    let app = App::start().await;
    let granted = send(&app, Method::POST, "/signup", &[("Sec-Fetch-Site", "same-origin")]).await;
    assert_eq!(granted.redirects_to(), "/profile");
    let signup = format!("{}/signup", app.url());
    let page = send(&app, Method::GET, "/login?next=/profile", &[("Referer", &signup)]).await;
    assert!(page.contains_text(LOST_COOKIE), "{}", page.body);
}
