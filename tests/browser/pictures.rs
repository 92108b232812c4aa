//! The pictures in the README: `cargo test --test browser pictures -- --ignored` takes them anew.

use std::{fs, path::Path, time::Duration};

use crate::{
    EMAIL,
    harness::{Browser, PASSWORD, Scene},
};

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/pictures");

#[actix_web::test]
#[ignore = "it writes files"]
async fn pictures() {
    let Some(scene) = Scene::set() else { return };
    let browser = scene.browser().await;
    browser.prefer("prefers-color-scheme", "light").await;
    browser.size(960, 620).await;
    browser.open("/signup").await;
    take(&browser, "sign-up-light").await;
    browser.submit(EMAIL, "password12345").await;
    browser.see("#password-error").await;
    browser.size(960, 800).await;
    take(&browser, "error-light").await;
    browser.submit(EMAIL, PASSWORD).await;
    browser.arrive("Profile").await;

    for _ in 0..2 {
        let other = scene.browser().await;
        other.open("/login").await;
        other.submit(EMAIL, "not the password").await;
        other.submit(EMAIL, PASSWORD).await;
        other.arrive("Profile").await;
        scene.site.clock.advance(Duration::from_secs(40 * 60));
    }
    browser.prefer("prefers-color-scheme", "dark").await;
    browser.size(960, 860).await;
    browser.open("/sessions").await;
    take(&browser, "sessions-dark").await;
    browser.size(390, 760).await;
    browser.open("/logins").await;
    take(&browser, "log-ins-phone").await;
}

async fn take(browser: &Browser, name: &str) {
    fs::create_dir_all(FOLDER).unwrap();
    let picture = browser.screenshot().await.unwrap();
    fs::write(Path::new(FOLDER).join(format!("{name}.png")), picture).unwrap();
}
