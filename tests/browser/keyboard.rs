//! Without a mouse: everything is done with Tab, Shift and Tab, Enter and typing, and the place where
//! one is can be seen all the way.

use test_support::{
    EMAIL, PASSWORD,
    browser::{Browser, Key, Scene},
};

const NEW_PASSWORD: &str = "seven unlikely purple otters";

#[actix_web::test]
async fn an_account_is_used_from_sign_up_to_log_out_with_the_keyboard_alone() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.open("/login").await;
    // The focus is in the form from the start.
    assert_eq!(browser.focus().await, "email");
    move_to(&browser, Tab::Forwards, "main a[href='/signup']").await;
    browser.enter().await;
    browser.wait_for_heading("Sign up").await;
    assert_eq!(browser.focus().await, "email");
    browser.press(EMAIL).await;
    move_to(&browser, Tab::Forwards, "#password").await;
    browser.press(PASSWORD).await;
    move_to(&browser, Tab::Forwards, "main form button").await;
    browser.enter().await;
    browser.wait_for_heading("Profile").await;

    // Past everything to the new password, and back to the old one.
    move_to(&browser, Tab::Forwards, "#new_password").await;
    browser.press(NEW_PASSWORD).await;
    move_to(&browser, Tab::Backwards, "#current_password").await;
    browser.press(PASSWORD).await;
    move_to(&browser, Tab::Forwards, "form[action='/profile/password'] button").await;
    browser.enter().await;
    browser.wait_for_heading("Profile").await;
    assert_eq!(browser.title().await.unwrap(), "Profile · waxseal", "nothing is wrong");

    move_to(&browser, Tab::Forwards, "form[action='/logout'] button").await;
    browser.enter().await;
    browser.wait_for_heading("Log in").await;
    move_to(&browser, Tab::Forwards, "#email").await;
    browser.press(EMAIL).await;
    move_to(&browser, Tab::Forwards, "#password").await;
    browser.press(NEW_PASSWORD).await;
    browser.enter().await;
    browser.wait_for_heading("Profile").await;
}

#[derive(Clone, Copy)]
enum Tab {
    Forwards,
    Backwards,
}

/// Presses Tab until the focus is there. Wherever it stops on the way, it is seen: an outline is
/// drawn, and where it is drawn is in the window.
async fn move_to(browser: &Browser, tab: Tab, css: &str) {
    let keys = match tab {
        Tab::Forwards => Key::Tab.to_string(),
        Tab::Backwards => format!("{}{}", Key::Shift, Key::Tab),
    };
    // It may be there already.
    for _ in 0..40 {
        let found = browser
            .script(&format!(
                "const element = document.activeElement;
                 const style = getComputedStyle(element);
                 const box = element.getBoundingClientRect();
                 return {{
                     there: element.matches(\"{css}\"),
                     somewhere: element !== document.body,
                     outlined: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2,
                     inside: box.width > 1 && box.left >= 0 && box.right <= innerWidth + 1
                         && box.top >= 0 && box.bottom <= innerHeight + 1,
                     box: [box.left, box.top, box.right, box.bottom, innerWidth, innerHeight],
                     element: element.outerHTML,
                 }};"
            ))
            .await;
        if found["somewhere"] == true {
            assert_eq!(found["outlined"], true, "the focus is invisible: {}", found["element"]);
            assert_eq!(found["inside"], true, "the focus is out of sight: {found}");
        }
        if found["there"] == true {
            return;
        }
        browser.press(&keys).await;
    }
    panic!("Tab does not lead to {css}");
}
