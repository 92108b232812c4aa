//! The whole life of an account, with what each step says when it is done.

use std::time::Duration;

use test_support::{EMAIL, PASSWORD, browser::Scene};

const NEW: &str = "orange ladder seventy geese";

#[actix_web::test]
async fn every_step_says_that_it_is_done() {
    let Some(scene) = Scene::set().await else { return };
    let (desk, phone) = (scene.browser().await, scene.browser().await);
    desk.sign_up(EMAIL).await;
    assert_eq!(desk.text(".notice").await, "Your account has been created, and you are logged in.");

    phone.open("/login").await;
    phone.submit(EMAIL, PASSWORD).await;
    phone.wait_for_heading("Profile").await;
    desk.type_into("#current_password", PASSWORD).await;
    desk.type_into("#new_password", NEW).await;
    desk.follow("form[action='/profile/password'] button").await;
    let changed = "Your password has been changed. Your other sessions have ended.";
    assert_eq!(desk.text(".notice").await, changed);
    phone.open("/profile").await;
    phone.wait_for_heading("Log in").await;

    // Two more sessions: one is ended by itself, one with all others; each is asked about first.
    for browser in [&phone, &scene.browser().await] {
        browser.open("/login").await;
        browser.submit(EMAIL, NEW).await;
        browser.wait_for_heading("Profile").await;
    }
    desk.open("/sessions").await;
    desk.follow("tbody a.button").await;
    desk.wait_for_heading("End the session?").await;
    desk.follow(".question button").await;
    assert_eq!(desk.text(".notice").await, "The session has ended.");
    desk.follow("a[href='/sessions/others']").await;
    desk.wait_for_heading("End all other sessions?").await;
    desk.follow(".question a").await;
    desk.wait_for_heading("Sessions").await;
    assert!(!desk.source().await.unwrap().contains("class=\"notice\""), "nothing was done");
    desk.follow("a[href='/sessions/others']").await;
    desk.follow(".question button").await;
    assert_eq!(desk.text(".notice").await, "Your other sessions have ended.");
    phone.open("/profile").await;
    phone.wait_for_heading("Log in").await;

    desk.log_out().await;
    assert_eq!(desk.text(".notice").await, "You are logged out.");
    desk.refresh().await.unwrap();
    desk.wait_for_heading("Log in").await;
    assert!(!desk.source().await.unwrap().contains("class=\"notice\""), "it is told once");
    desk.submit(EMAIL, NEW).await;
    desk.wait_for_heading("Profile").await;
    desk.follow("a[href='/profile/deletion']").await;
    desk.wait_for_heading("Delete your account?").await;
    desk.type_into("#password", NEW).await;
    desk.follow(".question button").await;
    desk.wait_for_heading("Sign up").await;
    assert_eq!(desk.text(".notice").await, "Your account has been deleted.");
    assert!(desk.get_all_cookies().await.unwrap().is_empty());
}

#[actix_web::test]
async fn a_session_that_expires_over_an_open_form_leads_to_log_in_and_back() {
    let Some(scene) = Scene::set().await else { return };
    let browser = scene.browser().await;
    browser.sign_up(EMAIL).await;
    browser.open("/sessions").await;
    browser.follow("a[href^='/sessions/'].button").await;
    browser.wait_for_heading("End this session?").await;
    scene.app.clock.advance(Duration::from_secs(8 * 24 * 3600));
    browser.follow(".question button").await;
    browser.wait_for_heading("Log in").await;
    browser.submit(EMAIL, PASSWORD).await;
    browser.wait_for_heading("Sessions").await;
}
