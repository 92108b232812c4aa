//! What people do with the mails that they get, which development shows on `/dev/mails`.

use std::time::Duration;

use test_support::{
    EMAIL, PASSWORD,
    browser::{Browser, Scene},
};

const NEW: &str = "orange ladder seventy geese";

#[actix_web::test]
async fn a_forgotten_password_is_replaced_by_a_link_from_a_mail() {
    let Some(scene) = Scene::set().await else { return };
    let (desk, phone) = (scene.browser().await, scene.browser().await);
    phone.sign_up(EMAIL).await;

    desk.open("/login").await;
    desk.follow("a[href='/forgot']").await;
    desk.wait_for_heading("Forgot your password?").await;
    assert_eq!(desk.focus().await, "email");
    desk.type_into("#email", EMAIL).await;
    desk.follow("main form button").await;
    desk.wait_for_heading("Check your email").await;
    follow_the_link(&desk, "Reset your password").await;

    desk.wait_for_heading("Choose a new password").await;
    desk.type_into("#new_password", "password12345").await;
    desk.follow("main form button").await;
    assert!(desk.text("#new_password-error").await.contains("guess"));
    desk.type_into("#new_password", NEW).await;
    desk.follow("main form button").await;
    desk.wait_for_path("/login").await;
    let changed = "Your password has been changed. Log in with the new one.";
    assert_eq!(desk.text(".notice").await, changed);
    desk.submit(EMAIL, PASSWORD).await;
    desk.see("#password-error").await;
    desk.submit(EMAIL, NEW).await;
    desk.wait_for_heading("Profile").await;
    phone.open("/profile").await;
    phone.wait_for_heading("Log in").await;

    // The link is used, and leads on to another.
    follow_the_link(&phone, "Reset your password").await;
    phone.wait_for_heading("This link no longer works").await;
    phone.type_into("#email", EMAIL).await;
    phone.follow("main form button").await;
    phone.wait_for_heading("Check your email").await;
    open_mail(&phone, "Your password has changed").await;
}

#[actix_web::test]
async fn a_sign_up_is_confirmed_with_the_link_and_the_password() {
    let settings = [("EMAIL_CONFIRMATION", "required")];
    let Some(scene) = Scene::set_with(&settings).await else { return };
    let (desk, phone) = (scene.browser().await, scene.browser().await);
    desk.open("/signup").await;
    desk.submit(EMAIL, PASSWORD).await;
    desk.wait_for_heading("Check your email").await;
    desk.open("/login").await;
    desk.submit(EMAIL, PASSWORD).await;
    assert!(desk.text("#password-error").await.contains("confirm your address"));

    follow_the_link(&phone, "Confirm your email address").await;
    phone.wait_for_heading("Confirm your email address").await;
    phone.type_into("#password", "not the password at all").await;
    phone.follow("main form button").await;
    let wrong = "This is not the password that was chosen at sign-up.";
    assert_eq!(phone.text("#password-error").await, wrong);
    phone.type_into("#password", PASSWORD).await;
    phone.follow("main form button").await;
    phone.wait_for_heading("Profile").await;
    assert_eq!(phone.text(".notice").await, "Your email address is confirmed.");

    // The same answer for an address that has an account: its mail says so.
    desk.open("/signup").await;
    desk.submit(EMAIL, NEW).await;
    desk.wait_for_heading("Check your email").await;
    scene.app.clock.elapse(Duration::from_secs(61));
    desk.open("/signup").await;
    desk.submit(EMAIL, NEW).await;
    desk.wait_for_heading("Check your email").await;
    open_mail(&desk, "You already have an account").await;
    desk.open("/login").await;
    desk.submit(EMAIL, PASSWORD).await;
    desk.wait_for_heading("Profile").await;
}

/// Opens the newest mail with this subject, once it is there.
async fn open_mail(browser: &Browser, subject: &str) {
    let link = format!(
        "const links = [...document.querySelectorAll('main a')];
         return links.findIndex(link => link.textContent === '{subject}')"
    );
    loop {
        browser.open("/dev/mails").await;
        let found = browser.script(&link).await.as_i64().unwrap();
        if found >= 0 {
            let row = format!("tbody tr:nth-child({}) a", found + 1);
            browser.follow(&row).await;
            browser.wait_for_heading(subject).await;
            return;
        }
    }
}

/// Follows the link in the newest mail with this subject.
async fn follow_the_link(browser: &Browser, subject: &str) {
    open_mail(browser, subject).await;
    browser.follow("a[href*='?t=']").await;
}
