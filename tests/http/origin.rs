//! Cross-origin writes: a form on somebody else's site does nothing here.

use reqwest::Method;
use test_support::{Answer, App, EMAIL, PASSWORD};

/// Every path there is, and some that are none.
const EVERYWHERE: [&str; 31] = [
    "/",
    "/.well-known/change-password",
    "/signup",
    "/login",
    "/logout",
    "/profile",
    "/profile/password",
    "/profile/delete",
    "/profile/email",
    "/confirm",
    "/confirm-email",
    "/undo-email",
    "/sessions",
    "/sessions/AAAAAAAAAAAAAAAAAAAAAA/revoke",
    "/sessions/revoke-others",
    "/logins",
    "/admin/users",
    "/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/role",
    "/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/revoke-sessions",
    "/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/disable",
    "/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/enable",
    "/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/unlock",
    "/admin/users/6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11/send-reset",
    "/api/session",
    "/api/logout",
    "/api/nope",
    "/healthz",
    "/readyz",
    "/static/nope.css",
    "/nope",
    "//login",
];

#[actix_web::test]
async fn what_is_asked_for_by_get_or_head_changes_nothing() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    app.database.execute("UPDATE users SET role = 'admin'", &[]).await;
    ann.log_in(EMAIL, PASSWORD).await;
    let before = app.database.dump().await;
    let credentials = "email=ann%40example.com&password=violet+anvil+forty+marmots";
    let others = "current_password=violet+anvil+forty+marmots&new_password=orange+ladder+seventy+geese&role=user";
    for method in [Method::GET, Method::HEAD] {
        for path in EVERYWHERE {
            for query in [credentials, others, ""] {
                for mut browser in [app.client(), ann.clone()] {
                    let request = browser.request(method.clone(), &format!("{path}?{query}"));
                    let answer = browser.send(request).await;
                    assert!(answer.set_cookies().is_empty(), "{method} {path}: {answer:?}");
                    let form = [("email", EMAIL), ("password", PASSWORD)];
                    let with_a_body = browser.request(method.clone(), path).form(&form);
                    assert!(browser.send(with_a_body).await.set_cookies().is_empty(), "{path}");
                }
            }
        }
    }
    assert_eq!(app.database.dump().await, before);
    assert!(ann.is_logged_in().await);
}

#[actix_web::test]
async fn credentials_in_a_query_are_none() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let mut visitor = app.client();
    let query = "email=ann%40example.com&password=violet+anvil+forty+marmots";
    let answer = visitor.post(&format!("/login?{query}"), &[]).await;
    assert_eq!(answer.status, 422);
    assert_eq!(answer.typed("email").as_deref(), Some(""));
    let answer = visitor.post(&format!("/login?{query}"), &[("email", EMAIL)]).await;
    assert_eq!(answer.status, 422);
    let users = app.database.number("SELECT COUNT(*) FROM users").await;
    let signup =
        visitor.post("/signup?email=eve%40example.com&password=violet+anvil+forty+geese", &[]);
    assert_eq!(signup.await.status, 422);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM users").await, users);
}

#[actix_web::test]
async fn forms_on_other_sites_are_refused() {
    let app = App::start().await;
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
        for path in EVERYWHERE {
            let answer = send(&app, Method::POST, path, headers, ann.session()).await;
            assert_eq!(answer.status, 403, "{path} {headers:?}");
            match path.starts_with("/api/") {
                true => assert_eq!(answer.body, r#"{"error":"Forbidden"}"#, "{path} {headers:?}"),
                false => {
                    assert!(answer.body.contains("<h1>Request refused</h1>"), "{path} {headers:?}")
                }
            }
            assert!(answer.set_cookies().is_empty(), "{path} {headers:?}");
        }
    }
    for method in ["PUT", "PATCH", "DELETE", "BREW"] {
        for path in EVERYWHERE {
            let evil = [("Sec-Fetch-Site", "cross-site")];
            let answer = send(&app, method.parse().unwrap(), path, &evil, ann.session()).await;
            assert_eq!(answer.status, 403, "{method} {path}");
        }
    }
    assert!(ann.is_logged_in().await);
    assert_eq!(app.database.number("SELECT COUNT(*) FROM waxseal_sessions").await, 1);
}

#[actix_web::test]
async fn forms_on_this_site_are_accepted_and_so_is_what_is_no_browser() {
    let app = App::start().await;
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
    let app = App::start_with(&[("PUBLIC_URL", "https://a.example")]).await;
    app.signed_up(EMAIL).await;
    let answer = post(&app, "/login", &[("Origin", "https://a.example")], None).await;
    assert_eq!(answer.redirects_to(), "/profile");
    let answer = post(&app, "/login", &[("Origin", "https://a.example:8443")], None).await;
    assert_eq!(answer.status, 403);
}

#[actix_web::test]
async fn in_production_forms_come_over_https_or_from_the_public_url() {
    let plain = |app: &App| format!("http://{}", app.address);
    let secure = |app: &App| format!("https://{}", app.address);
    let app = App::start_with(&[("APP_ENV", "production")]).await;
    let signup = [("Sec-Fetch-Site", "same-origin")];
    assert_eq!(post(&app, "/signup", &signup, None).await.redirects_to(), "/profile");
    assert_eq!(post(&app, "/login", &[("Origin", &plain(&app))], None).await.status, 403);
    let answer = post(&app, "/login", &[("Origin", &secure(&app))], None).await;
    assert_eq!(answer.redirects_to(), "/profile");

    // The setting decides.
    let settings = [("APP_ENV", "production"), ("PUBLIC_URL", "http://waxseal.lan")];
    let app = app.restart(&settings).await;
    let answer = post(&app, "/login", &[("Origin", "http://waxseal.lan")], None).await;
    assert_eq!(answer.redirects_to(), "/profile");
    assert_eq!(post(&app, "/login", &[("Origin", &plain(&app))], None).await.status, 403);
}

#[actix_web::test]
async fn links_from_other_sites_are_followed() {
    let app = App::start().await;
    let mut ann = app.signed_up(EMAIL).await;
    for method in [Method::GET, Method::HEAD] {
        let request = ann.request(method, "/profile").header("Sec-Fetch-Site", "cross-site");
        let answer = ann.send(request.header("Origin", "https://a.example")).await;
        assert_eq!(answer.status, 200);
    }
}

async fn post(app: &App, path: &str, headers: &[(&str, &str)], session: Option<&str>) -> Answer {
    send(app, Method::POST, path, headers, session).await
}

async fn send(
    app: &App,
    method: Method,
    path: &str,
    headers: &[(&str, &str)],
    session: Option<&str>,
) -> Answer {
    let mut browser = app.client();
    if let Some(token) = session {
        browser.set_cookie("waxseal", token);
    }
    let form = [("email", EMAIL), ("password", PASSWORD)];
    let request = browser.request(method, path).form(&form);
    let request =
        headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
    browser.send(request).await
}
