//! The site as people meet it: a real browser, without a window, against the real server.
//!
//! These tests need Chromium and chromedriver, named by `CHROMIUM` and `CHROMEDRIVER` or in PATH.
//! Those in `accessibility` also need what `npm ci --prefix tests/browser --ignore-scripts` installs.
//! Without these they are left out and say so; with `CI=true`, `WAXSEAL_REQUIRE_BROWSER=1` or
//! `WAXSEAL_REQUIRE_NODE=1` they fail instead.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accessibility;
mod account;
mod double_click;
mod email_change;
mod enlarged;
mod keyboard;
mod mail;
mod pages;
mod pictures;
mod setup;
mod visitor;

use std::time::Duration;

use serde_json::json;
use test_support::{
    COOKIE_NAME, EMAIL, PASSWORD,
    browser::{Browser, Key, Scene, other_site},
};

const REFUSED: &str = "Incorrect email or password.";

#[actix_web::test]
async fn a_person_signs_up_logs_out_and_logs_in_again() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.open("/").await;
    browser.wait_for_path("/login").await;
    browser.follow("a[href='/signup']").await;
    browser.wait_for_heading("Sign up").await;
    browser.submit("Ann@Example.com", PASSWORD).await;

    browser.wait_for_heading("Profile").await;
    let profile = browser.text("main dl").await;
    assert_eq!(
        profile.lines().collect::<Vec<_>>(),
        [
            "Email address",
            EMAIL,
            "Role",
            "user",
            "Session started",
            "just now",
            "14 November 2023, 22:13 UTC",
            "Session expires",
            "in 7 days",
            "21 November 2023, 22:13 UTC",
            "Extended while you stay active.",
        ]
    );

    browser.log_out().await;
    browser.submit(EMAIL, "not the password at all").await;
    assert_eq!(browser.text("#errors[role=alert]").await, REFUSED);
    assert_eq!(browser.value("#email").await, EMAIL);
    assert_eq!(browser.value("#password").await, "");
    assert_eq!(browser.focus().await, "errors");
    browser.see("#errors a").await.click().await.unwrap();
    assert_eq!(browser.focus().await, "password");
    browser.press(PASSWORD).await;
    browser.follow("main form button").await;
    browser.wait_for_heading("Profile").await;
    for path in ["/", "/login", "/signup"] {
        browser.open(path).await;
        browser.wait_for_path("/profile").await;
    }

    // Unused for longer than a week, the session is over, and its cookie is cleared.
    scene.app.clock.advance(Duration::from_secs(8 * 24 * 3600));
    browser.open("/profile").await;
    browser.wait_for_path("/login?next=/profile").await;
    assert!(browser.get_all_cookies().await.unwrap().is_empty());
}

#[actix_web::test]
async fn logging_out_in_one_window_leaves_the_other_in() {
    let Some(scene) = Scene::set().await else { return };
    let (desk, phone) = (scene.browser().await, scene.browser().await);
    desk.sign_up(EMAIL).await;
    phone.open("/login").await;
    phone.submit(EMAIL, PASSWORD).await;
    phone.wait_for_heading("Profile").await;

    phone.log_out().await;
    phone.open("/profile").await;
    phone.wait_for_heading("Log in").await;
    desk.refresh().await.unwrap();
    assert!(desk.text("main dl").await.contains(EMAIL));
}

#[actix_web::test]
async fn a_page_that_needs_a_log_in_leads_back_there() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.sign_up(EMAIL).await;
    browser.log_out().await;

    browser.open("/profile?from=bookmark&page=2").await;
    browser.wait_for_heading("Log in").await;
    browser.submit(EMAIL, "not the password at all").await;
    browser.see("#password-error").await;
    browser.submit(EMAIL, PASSWORD).await;
    browser.wait_for_path("/profile?from=bookmark&page=2").await;
    browser.wait_for_heading("Profile").await;
}

#[actix_web::test]
async fn what_only_the_server_can_tell_stands_beside_its_field() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    for path in ["/login", "/signup"] {
        browser.open(path).await;
        assert_eq!(browser.focus().await, "email", "{path}");
    }

    // The browser's own checks let these pass: it can't know what is easy to guess, or taken.
    browser.submit(EMAIL, "password12345").await;
    assert!(browser.text("#password-error").await.contains("easy to guess"));
    assert_eq!(browser.value("#email").await, EMAIL);
    assert_eq!(browser.value("#password").await, "");
    assert_eq!(browser.focus().await, "errors");
    assert_eq!(browser.text("#errors").await, "This password is easy to guess.");
    let field = browser.see("#password").await;
    assert_eq!(field.attr("aria-invalid").await.unwrap().as_deref(), Some("true"));
    let described = field.attr("aria-describedby").await.unwrap().unwrap();
    for id in described.split(' ') {
        assert_ne!(browser.text(&format!("#{id}")).await, "");
    }
    assert!(browser.title().await.unwrap().starts_with("Error: Sign up"));

    browser.submit(&format!("{}@example.com", "a".repeat(65)), PASSWORD).await;
    browser.see("#email-error").await;
    assert_eq!(browser.focus().await, "errors");

    browser.submit(EMAIL, PASSWORD).await;
    browser.wait_for_heading("Profile").await;
    browser.log_out().await;
    browser.open("/signup").await;
    browser.submit(EMAIL, "orange ladder seventy geese").await;
    assert!(browser.text("#email-error").await.contains("already exists"));

    // What the browser would have refused, the server refuses as well.
    browser.open("/signup").await;
    browser.script("document.querySelector('main form').noValidate = true").await;
    browser.submit("ann", "short").await;
    browser.see("#email-error").await;
    browser.see("#email[value=ann]").await;
    assert_eq!(browser.focus().await, "errors");
}

#[actix_web::test]
async fn everything_works_without_javascript() {
    let Some(scene) = Scene::set().await else { return };
    let switched_off = json!({ "profile.managed_default_content_settings.javascript": 2 });
    let browser = scene.browser_with(switched_off).await;
    let page = "<title>off</title><script>document.title = 'on'</script>".to_owned();
    browser.goto(&format!("http://127.0.0.1:{}", other_site(page))).await.unwrap();
    assert_eq!(browser.title().await.unwrap(), "off");

    browser.open("/signup").await;
    assert_eq!(browser.focus().await, "email");
    browser.submit(EMAIL, "password12345").await;
    browser.see("#password-error").await;
    browser.submit(EMAIL, PASSWORD).await;
    browser.wait_for_heading("Profile").await;
    browser.log_out().await;
    browser.submit(EMAIL, "not the password at all").await;
    assert_eq!(browser.text("#password-error").await, REFUSED);
    browser.submit(EMAIL, PASSWORD).await;
    browser.wait_for_heading("Profile").await;
    browser.log_out().await;
}

#[actix_web::test]
async fn after_logging_out_the_back_button_shows_no_private_page() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.sign_up(EMAIL).await;
    browser.open("/signup").await;
    browser.wait_for_path("/profile").await;
    browser.log_out().await;
    nothing_private_lies_behind(&browser).await;
}

async fn nothing_private_lies_behind(browser: &Browser) {
    browser.back().await.unwrap();
    // The profile is requested again: no one is logged in.
    browser.wait_for_path("/login?next=/profile").await;
    assert!(!browser.source().await.unwrap().contains(EMAIL));
    browser.forward().await.unwrap();
    browser.wait_for_path("/login").await;
}

#[actix_web::test]
async fn the_keyboard_is_enough() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.open("/signup").await;
    browser.press(&format!("{EMAIL}{tab}{PASSWORD}", tab = Key::Tab)).await;
    browser.enter().await;
    browser.wait_for_heading("Profile").await;

    // The link that skips to the content comes first, and is seen then.
    browser.press(&Key::Tab).await;
    let skip = browser.active_element().await.unwrap();
    assert_eq!(skip.text().await.unwrap(), "Skip to content");
    assert!(skip.rectangle().await.unwrap().0 >= 0.0);
    // Then the wordmark and the pages.
    for name in ["waxseal", "Profile", "Sessions", "Log-ins", "Log out"] {
        browser.press(&Key::Tab).await;
        assert_eq!(browser.active_element().await.unwrap().text().await.unwrap(), name);
    }
    let outline = browser.active_element().await.unwrap().css_value("outline-style").await.unwrap();
    assert_eq!(outline, "solid", "the focus is seen");
    browser.enter().await;
    browser.wait_for_heading("Log in").await;

    browser.press(&format!("{EMAIL}{tab}{PASSWORD}{tab}", tab = Key::Tab)).await;
    browser.enter().await;
    browser.wait_for_heading("Profile").await;
}

#[actix_web::test]
async fn scripts_see_nothing_of_the_session() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.sign_up(EMAIL).await;
    let seen = browser
        .script("return document.cookie + JSON.stringify([localStorage, sessionStorage])")
        .await;
    assert_eq!(seen, "[{},{}]");
    let cookies = browser.get_all_cookies().await.unwrap();
    let [cookie] = &cookies[..] else { panic!("one cookie, not {cookies:?}") };
    assert_eq!(cookie.name(), COOKIE_NAME);
    assert_eq!(cookie.http_only(), Some(true));
    assert!(cookie.same_site().is_some_and(|same_site| same_site.is_lax()));
    assert_eq!(cookie.path(), Some("/"));
}

#[actix_web::test]
async fn no_page_breaks_its_own_rules_or_the_window() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.narrow(320).await;
    let wide = format!("{}@{}.example", "a".repeat(60), "b".repeat(60));
    for (path, heading) in [
        ("/signup", "Sign up"),
        ("/login?next=/profile", "Log in"),
        ("/nowhere", "Page not found"),
        ("/logout", "Method not allowed"),
    ] {
        browser.open(path).await;
        browser.wait_for_heading(heading).await;
        holds_together(&browser, path).await;
    }
    browser.open("/signup").await;
    browser.submit(&wide, "password12345").await;
    browser.see("#password-error").await;
    holds_together(&browser, "sign-up with an error").await;
    browser.submit(&wide, PASSWORD).await;
    browser.wait_for_heading("Profile").await;
    holds_together(&browser, "/profile").await;
    browser.log_out().await;
    browser.submit(&wide, "not the password at all").await;
    browser.see("#password-error").await;
    holds_together(&browser, "log-in with an error").await;

    // The console does tell of what the policy forbids.
    browser.script("document.body.setAttribute('style', 'color: red')").await;
    assert!(browser.console().await.iter().any(|line| line.contains("Content Security Policy")));
}

#[actix_web::test]
async fn on_a_wide_screen_nothing_overhangs_and_on_paper_there_is_nothing_to_press() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.size(1920, 1000).await;
    browser.sign_up(EMAIL).await;
    for path in ["/profile", "/sessions", "/sessions/others", "/logins", "/profile/deletion"] {
        browser.open(path).await;
        holds_together(&browser, path).await;
    }
    browser.emulate_print().await;
    for path in ["/profile", "/sessions", "/logins"] {
        browser.open(path).await;
        let shown = "return [...document.querySelectorAll('nav, form, button, a.button')]
            .filter(element => element.checkVisibility()).length";
        assert_eq!(browser.script(shown).await, 0, "{path}");
    }
}

/// The page has its style, does not scroll sideways, and nothing is in the console but what Chromium
/// notes there: the page's own status, and that a log-out has cleared its cache.
async fn holds_together(browser: &Browser, page: &str) {
    let rules = browser.script("return document.styleSheets[0].cssRules.length").await;
    assert!(rules.as_u64() > Some(10), "{page} has no style");
    let image = browser.script("return document.querySelector('img').naturalWidth").await;
    assert!(image.as_u64() > Some(0), "{page} lacks an image");
    let root = "document.documentElement";
    let overhang = browser.script(&format!("return {root}.scrollWidth - {root}.clientWidth")).await;
    assert_eq!(overhang, 0, "{page} scrolls sideways");
    let own = format!("{} - Failed to load resource", browser.current_url().await.unwrap());
    let console = browser.console().await;
    let noted = |line: &&String| {
        line.starts_with(&own) || line.ends_with(r#"Cleared data types: "cache"."#)
    };
    let complaints: Vec<_> = console.iter().filter(|line| !noted(line)).collect();
    assert!(complaints.is_empty(), "{page}: {complaints:?}");
}

#[actix_web::test]
async fn a_form_on_another_site_is_refused() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.sign_up(EMAIL).await;
    let port = other_site(format!(
        r#"<form id="out" method="post" action="{site}/logout"><button>Win a prize</button></form>
        <form id="in" method="post" action="{site}/login">
        <input name="email" value="{EMAIL}"><input name="password" value="{PASSWORD}">
        <button>Win another</button></form>"#,
        site = scene.app.url()
    ));
    // Another site by name, and the same host on another port, which SameSite does not stop.
    for host in ["localhost", "127.0.0.1"] {
        for form in ["#out button", "#in button"] {
            browser.goto(&format!("http://{host}:{port}/")).await.unwrap();
            browser.follow(form).await;
            browser.wait_for_heading("Request refused").await;
            let status = "return performance.getEntriesByType('navigation')[0].responseStatus";
            assert_eq!(browser.script(status).await, 403);
        }
    }
    browser.open("/profile").await;
    assert!(browser.text("main dl").await.contains(EMAIL), "still logged in");
}
