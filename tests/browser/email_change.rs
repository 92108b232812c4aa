//! Changing the email address, and undoing that, with links from mails.

use std::time::Duration;

use test_support::{EMAIL, PASSWORD, browser::Scene};

const NEW: &str = "ann@new.example";
const NEW_PASSWORD: &str = "orange ladder seventy geese";

/// The owner changes the address, and then acts as if someone else had done it.
#[actix_web::test]
async fn an_address_is_changed_and_the_change_is_undone() {
    let Some(scene) = Scene::set().await else { return };
    let app = &scene.app;
    let (desk, phone) = (scene.browser().await, scene.browser().await);
    desk.sign_up(EMAIL).await;
    app.clock.advance(Duration::from_secs(3600));
    desk.follow("a[href='/profile/email']").await;
    desk.wait_for_heading("Enter your password").await;
    assert_eq!(desk.focus().await, "password");
    desk.type_into("#password", "not the password at all").await;
    desk.follow("main form button").await;
    assert_eq!(desk.text("#password-error").await, "Your password is incorrect.");
    desk.type_into("#password", PASSWORD).await;
    desk.follow("main form button").await;
    desk.wait_for_heading("Change your email address").await;
    desk.type_into("#email", NEW).await;
    desk.follow("main form button").await;
    let asked = format!("We sent a link to {NEW}. Open it in this browser to change the address.");
    assert_eq!(desk.text(".notice").await, asked);

    // Another device asks to log in first, and leads back.
    let link = app.newest_mail(NEW, "Confirm your new email address").await.link();
    phone.open(&link).await;
    phone.wait_for_heading("Log in").await;
    phone.submit(EMAIL, PASSWORD).await;
    phone.wait_for_heading("Change your email address?").await;
    desk.open(&link).await;
    desk.wait_for_heading("Change your email address?").await;
    desk.follow("main form button").await;
    desk.wait_for_heading("Profile").await;
    let done = format!("Your email address is now {NEW}. Your other sessions have ended.");
    assert_eq!(desk.text(".notice").await, done);
    assert!(desk.text("main dl").await.contains(NEW));

    let undo = app.newest_mail(EMAIL, "Your email address has changed").await.link();
    phone.open(&undo).await;
    phone.wait_for_heading("Undo the change?").await;
    phone.follow("main form button").await;
    phone.wait_for_heading("Log in").await;
    let undone = format!(
        "Your email address is {EMAIL} again. We sent a link to choose a new password there."
    );
    assert_eq!(phone.text(".notice").await, undone);
    desk.open("/profile").await;
    desk.wait_for_heading("Log in").await;

    let reset = app.newest_mail(EMAIL, "Reset your password").await.link();
    phone.open(&reset).await;
    phone.type_into("#new_password", NEW_PASSWORD).await;
    phone.follow("main form button").await;
    phone.wait_for_heading("Log in").await;
    phone.submit(EMAIL, NEW_PASSWORD).await;
    phone.wait_for_heading("Profile").await;
    assert!(phone.text("main dl").await.contains(EMAIL));
}
