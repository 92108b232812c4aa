//! Slips in the setup, as people meet them.

use serde_json::json;
use test_support::{EMAIL, PASSWORD, browser::Scene};

const HINT: &str = "main [role=alert]";

/// Chromium sends no Sec-Fetch-Site to such a name, and drops the cookie.
#[actix_web::test]
async fn production_over_plain_http_says_why_no_one_stays_logged_in() {
    let Some(scene) = Scene::set_with(&[("APP_ENV", "production")]).await else { return };
    let browser = scene.browser_at("waxseal.lan").await;
    for path in ["/", "/signup", "/profile"] {
        browser.open(path).await;
        let hint = browser.text(HINT).await;
        assert!(hint.contains("reached over plain HTTP"), "{path}: {hint}");
        assert!(hint.contains("https://"), "{path}: {hint}");
    }
    browser.open("/signup").await;
    browser.submit(EMAIL, PASSWORD).await;
    browser.wait_for_heading("HTTPS is needed").await;
    assert!(browser.text("main").await.contains("reached over plain HTTP"));
    assert_eq!(scene.app.database.number("SELECT COUNT(*) FROM users").await, 0);
}

/// Browsers treat this machine like HTTPS.
#[actix_web::test]
async fn production_on_this_machine_works_over_plain_http() {
    let Some(scene) = Scene::set_with(&[("APP_ENV", "production")]).await else { return };
    let browser = scene.browser_at("localhost").await;
    browser.open("/signup").await;
    assert!(!browser.source().await.unwrap().contains("plain HTTP"));
    browser.submit(EMAIL, PASSWORD).await;
    browser.wait_for_heading("Profile").await;
}

#[actix_web::test]
async fn a_browser_that_blocks_cookies_is_told_so_after_the_log_in_and_not_before() {
    let Some(scene) = Scene::set().await else { return };
    scene.app.signed_up(EMAIL).await;
    let blocked = json!({ "profile.default_content_setting_values.cookies": 2 });
    let browser = scene.browser_with(blocked).await;
    for path in ["/login", "/profile"] {
        browser.open(path).await;
        browser.wait_for_heading("Log in").await;
        assert!(!browser.source().await.unwrap().contains("cookie"), "{path}");
    }
    browser.submit(EMAIL, PASSWORD).await;
    browser.wait_for_path("/login?next=/profile").await;
    let hint = browser.text(HINT).await;
    assert!(hint.contains("your browser did not keep the cookie"), "{hint}");
}
