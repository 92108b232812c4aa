//! The pictures in the README. `WAXSEAL_PICTURES=docs/pictures cargo test --test browser pictures` takes them
//! again; without it they are taken too, and thrown away.

use std::{env, fs, path::Path, time::Duration};

use test_support::{
    EMAIL, PASSWORD,
    browser::{Browser, Scene},
};

#[actix_web::test]
async fn pictures() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.emulate_media("prefers-color-scheme", "light").await;
    browser.size(960, 620).await;
    browser.open("/signup").await;
    take(&browser, "sign-up-light").await;
    browser.submit(EMAIL, "password12345").await;
    browser.see("#password-error").await;
    browser.size(960, 800).await;
    take(&browser, "error-light").await;
    browser.submit(EMAIL, PASSWORD).await;
    browser.wait_for_heading("Profile").await;

    for _ in 0..2 {
        let other = scene.browser().await;
        other.open("/login").await;
        other.submit(EMAIL, "not the password").await;
        other.submit(EMAIL, PASSWORD).await;
        other.wait_for_heading("Profile").await;
        scene.app.clock.advance(Duration::from_secs(40 * 60));
    }
    browser.emulate_media("prefers-color-scheme", "dark").await;
    browser.size(960, 860).await;
    browser.open("/sessions").await;
    take(&browser, "sessions-dark").await;
    browser.size(390, 760).await;
    browser.open("/logins").await;
    take(&browser, "log-ins-phone").await;
}

async fn take(browser: &Browser, name: &str) {
    let folder =
        env::var("WAXSEAL_PICTURES").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    let picture = browser.screenshot().await.unwrap();
    fs::write(Path::new(&folder).join(format!("{name}.png")), picture).unwrap();
}
