//! A double click on a button sends its form twice. The browser follows the second answer, and takes cookies
//! of the first or not, as it happens to arrive.

use test_support::{
    EMAIL, PASSWORD,
    browser::{Browser, Scene},
};

const NEW: &str = "orange ladder seventy geese";

/// How long after the first click the second comes, in milliseconds: before and after the first answer.
const PAUSES: [u32; 4] = [0, 20, 60, 150];

#[actix_web::test]
async fn every_form_can_be_clicked_twice() {
    for pause in PAUSES {
        let Some(scene) = Scene::set().await else { return };
        let browser = scene.browser().await;
        browser.open("/signup").await;
        fill_in(&browser, &[("#email", EMAIL), ("#password", PASSWORD)]).await;
        click_twice(&browser, "main form button", pause).await;
        browser.wait_for_heading("Profile").await;
        assert_live_sessions(&scene, 1, pause).await;

        let change = "form[action='/profile/password'] button";
        fill_in(&browser, &[("#current_password", PASSWORD), ("#new_password", NEW)]).await;
        click_twice(&browser, change, pause).await;
        browser.wait_for_heading("Profile").await;
        assert_eq!(browser.title().await.unwrap(), "Profile · waxseal", "nothing is wrong");
        assert_live_sessions(&scene, 1, pause).await;

        click_twice(&browser, "header form button", pause).await;
        browser.wait_for_heading("Log in").await;
        assert_live_sessions(&scene, 0, pause).await;

        fill_in(&browser, &[("#email", EMAIL), ("#password", NEW)]).await;
        click_twice(&browser, "main form button", pause).await;
        browser.wait_for_heading("Profile").await;
        assert_live_sessions(&scene, 1, pause).await;

        browser.open("/profile/deletion").await;
        fill_in(&browser, &[("#password", NEW)]).await;
        click_twice(&browser, ".question button", pause).await;
        // The second click may come when the first answer has deleted the cookie, and its page has shown the
        // notice: it is a visitor's then, who is asked to log in.
        browser
            .eventually(
                "return ['Sign up', 'Log in'].includes(document.querySelector('h1')?.textContent)",
            )
            .await;
        if browser.text("h1").await == "Sign up" {
            assert_eq!(browser.text(".notice").await, "Your account has been deleted.");
        }
        assert_eq!(scene.app.database.number("SELECT COUNT(*) FROM users").await, 0, "{pause} ms");
        let failed = "SELECT COUNT(*) FROM login_failures WHERE failures > 0";
        assert_eq!(scene.app.database.number(failed).await, 0, "{pause} ms");
    }
}

async fn fill_in(browser: &Browser, fields: &[(&str, &str)]) {
    for (field, text) in fields {
        browser.type_into(field, text).await;
    }
}

/// Clicks a button twice and waits for the page that follows. The second click may come too late for it.
async fn click_twice(browser: &Browser, css: &str, pause: u32) {
    let clicks = format!(
        "const button = document.querySelector(\"{css}\");
         button.click();
         setTimeout(() => button.click(), {pause});"
    );
    browser.leave(async || drop(browser.script(&clicks).await)).await;
}

async fn assert_live_sessions(scene: &Scene, number: i64, pause: u32) {
    let live = "SELECT COUNT(*) FROM waxseal_sessions WHERE revoked_at IS NULL";
    assert_eq!(scene.app.database.number(live).await, number, "{pause} ms");
}
