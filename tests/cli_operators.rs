//! What operators do for people who can't get in, and against those who must not: the binary itself, beside a
//! running server.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use test_support::{Answer, Client, EMAIL, PASSWORD, Process, Program, eventually, waxseal};

const NEW: &str = "granite lantern seven otters";
const BOB: &str = "bob@example.com";

fn json_of(waxseal: &Program, args: &[&str]) -> Value {
    serde_json::from_str(&waxseal.run_with_input(args, NEW).success()).unwrap()
}

fn add(waxseal: &Program, email: &str, role: &str) {
    waxseal.run_with_input(&["user", "add", email, "--role", role], PASSWORD).success();
}

/// The user as `user list` prints it.
fn listed(waxseal: &Program, email: &str) -> Value {
    json_of(waxseal, &["user", "list", "--json", "--search", email])[0].clone()
}

async fn log_in(server: &Process, email: &str, password: &str) -> Answer {
    server.client().log_in(email, password).await
}

async fn comes_to_be_logged_out(client: Client) {
    eventually(async || !client.clone().is_logged_in().await).await;
}

/// The mails to an address, in the folder that development writes to.
fn mails(waxseal: &Program, address: &str) -> Vec<String> {
    let Ok(files) = std::fs::read_dir(waxseal.folder().join("mails")) else { return Vec::new() };
    let texts = files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap());
    texts.filter(|text| text.contains(&format!("To: {address}\r\n"))).collect()
}

async fn mail_about(waxseal: &Program, address: &str, subject: &str) -> String {
    let subject = format!("Subject: {subject}\r\n");
    let find = || mails(waxseal, address).into_iter().find(|mail| mail.contains(&subject));
    eventually(async || find().is_some()).await;
    find().unwrap()
}

#[actix_web::test]
async fn a_password_is_set_ends_all_sessions_and_forgives_failed_log_ins() {
    let waxseal = waxseal!();
    let server = waxseal.serve();
    let ann = server.client().signed_up(EMAIL).await;
    for _ in 0..5 {
        assert_eq!(log_in(&server, EMAIL, "not the password of anyone").await.status, 422);
    }
    let set = waxseal.run_with_input(&["user", "set-password", EMAIL], &format!("{NEW}\n"));
    assert!(set.stderr.contains("password set: user "), "{}", set.stderr);
    assert!(set.stderr.contains(", by command line") && !set.stderr.contains(NEW));
    let said = format!("{EMAIL} has a new password and is logged out everywhere\n");
    assert_eq!(set.success(), said);
    comes_to_be_logged_out(ann).await;
    assert_eq!(log_in(&server, EMAIL, PASSWORD).await.status, 422);
    assert_eq!(log_in(&server, EMAIL, NEW).await.redirects_to(), "/profile");
    let told = mail_about(&waxseal, EMAIL, "Your password has changed").await;
    assert!(told.contains("an administrator"), "{told}");

    let id = listed(&waxseal, EMAIL)["user_id"].clone();
    let again = json_of(&waxseal, &["user", "set-password", id.as_str().unwrap(), "--json"]);
    assert_eq!(again, json!({ "user_id": id, "email": EMAIL, "changed": true }));
}

#[test]
fn a_password_that_is_set_meets_the_policy() {
    let waxseal = waxseal!();
    add(&waxseal, EMAIL, "user");
    let set = ["user", "set-password", EMAIL];
    for (password, reason) in [
        ("", "Enter a password"),
        ("short", "at least 12 characters"),
        ("password1234", "easy to guess"),
        (EMAIL, "too similar to your email address"),
    ] {
        let refusal = waxseal.run_with_input(&set, password).refusal();
        assert!(refusal.contains(reason), "{refusal}");
    }
    let longer = [&set[..], &["--password-min-length", "40"]].concat();
    let refusal = waxseal.run_with_input(&longer, NEW).refusal();
    assert!(refusal.contains("at least 40 characters"), "{refusal}");
    let argument = [&set[..], &[NEW]].concat();
    assert_eq!(waxseal.run(&argument).code, Some(2));
}

#[actix_web::test]
async fn an_address_is_set_and_the_old_one_is_told_without_a_link_to_undo_it() {
    let waxseal = waxseal!();
    let server = waxseal.serve();
    let ann = server.client().signed_up(EMAIL).await;
    assert_eq!(listed(&waxseal, EMAIL)["email_confirmed"], false);
    let new = "ann@example.org";
    let set = waxseal.run(&["user", "set-email", EMAIL, "Ann@Example.org"]);
    assert!(set.stderr.contains("email set: user "), "{}", set.stderr);
    let said = format!("{EMAIL} now has the address {new} and is logged out everywhere\n");
    assert_eq!(set.success(), said);
    assert_eq!(listed(&waxseal, new)["email_confirmed"], true);
    comes_to_be_logged_out(ann).await;
    assert_eq!(log_in(&server, EMAIL, PASSWORD).await.status, 422);
    assert_eq!(log_in(&server, new, PASSWORD).await.redirects_to(), "/profile");
    let told = mail_about(&waxseal, EMAIL, "Your email address has changed").await;
    assert!(told.contains(new) && told.contains("an administrator"), "{told}");
    assert!(!told.contains("/undo-email") && !told.contains("?t="), "{told}");
    assert_eq!(mails(&waxseal, new).len(), 0);

    let again = json_of(&waxseal, &["user", "set-email", new, new, "--json"]);
    assert_eq!((&again["changed"], &again["email"]), (&json!(false), &json!(new)));
    let again = waxseal.run(&["user", "set-email", new, new]).success();
    assert_eq!(again, format!("{new} already has the address {new}\n"));
}

#[actix_web::test]
async fn a_server_that_tells_people_nothing_sends_no_notice_of_a_command() {
    let waxseal = waxseal!();
    add(&waxseal, EMAIL, "user");
    waxseal.run_with_input(&["user", "set-password", EMAIL], NEW).success();
    waxseal.run(&["user", "set-email", EMAIL, BOB]).success();
    let list = || json_of(&waxseal, &["mail", "list", "--json"]);
    assert_eq!(list().as_array().unwrap().len(), 2);
    let _server = waxseal.serve_with(&[], &[("MAIL_NOTIFY", "off")]);
    eventually(async || list() == json!([])).await;
    assert_eq!(mails(&waxseal, EMAIL).len(), 0);
}

#[test]
fn an_address_that_is_set_is_valid_and_no_one_else_s() {
    let waxseal = waxseal!();
    add(&waxseal, EMAIL, "user");
    add(&waxseal, BOB, "user");
    let taken = waxseal.run(&["user", "set-email", EMAIL, "BOB@example.com"]).refusal();
    assert_eq!(taken, "waxseal: bob@example.com already has an account");
    let refusal = waxseal.run(&["user", "set-email", EMAIL, "ann@"]).refusal();
    assert!(refusal.contains("\"ann@\": This does not look like an email address"), "{refusal}");
    assert_eq!(listed(&waxseal, EMAIL)["email"], EMAIL);
}

#[actix_web::test]
async fn a_disabled_account_is_closed_until_it_is_enabled() {
    let waxseal = waxseal!();
    let server = waxseal.serve();
    let ann = server.client().signed_up(EMAIL).await;
    let disabled = waxseal.run(&["user", "disable", EMAIL]);
    assert!(disabled.stderr.contains("account disabled: user "), "{}", disabled.stderr);
    let said = format!("{EMAIL} is disabled and logged out everywhere\n");
    assert_eq!(disabled.success(), said);
    comes_to_be_logged_out(ann).await;
    assert_eq!(listed(&waxseal, EMAIL)["disabled"], true);
    assert!(waxseal.run(&["user", "list"]).success().contains(" disabled "));
    let again = waxseal.run(&["user", "disable", EMAIL]);
    assert!(!again.stderr.contains("account disabled"), "{}", again.stderr);
    assert_eq!(again.success(), format!("{EMAIL} is already disabled\n"));
    let again = json_of(&waxseal, &["user", "disable", EMAIL, "--json"]);
    assert_eq!((&again["disabled"], &again["changed"]), (&json!(true), &json!(false)));
    assert_eq!(log_in(&server, EMAIL, PASSWORD).await.status, 422);

    let enabled = waxseal.run(&["user", "enable", EMAIL]);
    assert!(enabled.stderr.contains("account enabled: user "), "{}", enabled.stderr);
    assert_eq!(enabled.success(), format!("{EMAIL} is enabled and can log in again\n"));
    assert_eq!(log_in(&server, EMAIL, PASSWORD).await.redirects_to(), "/profile");
    let again = json_of(&waxseal, &["user", "enable", EMAIL, "--json"]);
    assert_eq!((&again["disabled"], &again["changed"]), (&json!(false), &json!(false)));
    let again = waxseal.run(&["user", "enable", EMAIL]).success();
    assert_eq!(again, format!("{EMAIL} is already enabled\n"));
}

#[test]
fn the_last_administrator_is_not_disabled_and_a_disabled_one_does_not_count() {
    let waxseal = waxseal!();
    add(&waxseal, EMAIL, "admin");
    add(&waxseal, BOB, "admin");
    waxseal.run(&["user", "disable", BOB]).success();
    for command in [
        &["user", "disable", EMAIL][..],
        &["user", "set-role", EMAIL, "user"],
        &["user", "delete", EMAIL, "--yes"],
    ] {
        let refusal = waxseal.run(command).refusal();
        assert!(refusal.contains("ann@example.com is the last administrator"), "{refusal}");
    }
    waxseal.run(&["user", "delete", BOB, "--yes"]).success();
    assert_eq!(listed(&waxseal, EMAIL)["disabled"], false);
}

#[actix_web::test]
async fn unlocking_ends_the_wait_at_once() {
    let waxseal = waxseal!();
    add(&waxseal, EMAIL, "user");
    let server = waxseal.serve();
    for _ in 0..5 {
        log_in(&server, EMAIL, "not the password of anyone").await;
    }
    assert_eq!(log_in(&server, EMAIL, PASSWORD).await.status, 429);
    let unlocked = waxseal.run(&["user", "unlock", EMAIL]);
    assert!(unlocked.stderr.contains("account unlocked: user "), "{}", unlocked.stderr);
    let said = format!("{EMAIL} is unlocked: the failed log-ins are forgotten\n");
    assert_eq!(unlocked.success(), said);
    assert_eq!(log_in(&server, EMAIL, PASSWORD).await.redirects_to(), "/profile");
    let again = waxseal.run(&["user", "unlock", EMAIL]);
    assert!(!again.stderr.contains("account unlocked"), "{}", again.stderr);
    let said = format!("{EMAIL} is already unlocked: there are no failed log-ins\n");
    assert_eq!(again.success(), said);
    assert_eq!(json_of(&waxseal, &["user", "unlock", EMAIL, "--json"])["changed"], false);
}

#[test]
fn an_operator_vouches_for_the_address_of_an_added_user() {
    let waxseal = waxseal!();
    add(&waxseal, EMAIL, "user");
    let user = listed(&waxseal, EMAIL);
    assert_eq!((&user["disabled"], &user["email_confirmed"]), (&json!(false), &json!(true)));
}
