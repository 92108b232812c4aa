//! The first administrator, from `ADMIN_EMAIL` and `ADMIN_PASSWORD`.

use std::{fs, sync::Arc};

use serde_json::{Value, json};
use test_support::{App, Database, PASSWORD, Program, waxseal};
use waxseal_session::Clock;

use crate::{FORM, SECRET};

const BOSS: &str = "boss@example.com";
const OTHER: &str = "granite lantern seven otters";
const SETTINGS: [(&str, &str); 2] = [("ADMIN_EMAIL", BOSS), ("ADMIN_PASSWORD", PASSWORD)];
const LINE: &str = "user added: user ";

fn users(waxseal: &Program) -> Vec<Value> {
    let json = waxseal.run(&["user", "list", "--json"]).success();
    serde_json::from_str(&json).unwrap()
}

fn log_in(password: &str) -> String {
    format!("email=boss%40example.com&password={}", password.replace(' ', "+"))
}

#[test]
fn a_database_without_users_gets_an_administrator() {
    let waxseal = waxseal!();
    let server = waxseal.serve_with(&[], &SETTINGS);
    let answer = server.post("/login", &[], &log_in(PASSWORD));
    assert_eq!(answer.status, 303, "{answer:?}");
    let log = server.stop();
    let lines: Vec<_> = log.iter().filter(|line| line.contains(LINE)).collect();
    let [line] = lines[..] else { panic!("{log:#?}") };
    assert!(line.contains(" INFO  waxseal::audit] user added: user "), "{line}");
    assert!(line.ends_with(", role admin, by setting"), "{line}");
    assert!(!log.iter().any(|line| line.contains(PASSWORD) || line.contains(BOSS)), "{log:#?}");
    let [boss] = &users(&waxseal)[..] else { panic!() };
    assert_eq!((&boss["email"], &boss["role"]), (&json!(BOSS), &json!("admin")));
    assert_eq!(boss["email_confirmed"], true);
}

#[test]
fn where_there_is_any_user_the_settings_are_ignored() {
    let waxseal = waxseal!();
    waxseal.serve_with(&[], &SETTINGS).stop();
    let again = [("ADMIN_EMAIL", BOSS), ("ADMIN_PASSWORD", OTHER), ("RUST_LOG", "debug")];
    let server = waxseal.serve_with(&[], &again);
    assert_eq!(server.post("/login", &[], &log_in(OTHER)).status, 422, "the first one stays");
    let said = "there are users, so no first administrator is created";
    let log = server.stop();
    assert_eq!(log.iter().filter(|line| line.contains(said)).count(), 1, "{log:#?}");
    assert!(!log.iter().any(|line| line.contains(LINE)), "{log:#?}");

    let other = waxseal!();
    let server = other.serve();
    assert_eq!(server.post("/signup", &[], FORM).status, 303);
    server.stop();
    other.serve_with(&[], &SETTINGS).stop();
    let users = users(&other);
    assert_eq!(users.len(), 1, "{users:#?}");
    assert_eq!(users[0]["role"], "user");
}

#[test]
fn the_password_can_come_from_a_file_or_a_credential() {
    for settings in [
        [("ADMIN_EMAIL", BOSS), ("ADMIN_PASSWORD_FILE", "credentials/ADMIN_PASSWORD")],
        [("ADMIN_EMAIL", BOSS), ("CREDENTIALS_DIRECTORY", "credentials")],
    ] {
        let waxseal = waxseal!();
        fs::create_dir(waxseal.folder().join("credentials")).unwrap();
        waxseal.write("credentials/ADMIN_PASSWORD", &format!("{PASSWORD}\n"));
        let server = waxseal.serve_with(&[], &settings);
        assert_eq!(server.post("/login", &[], &log_in(PASSWORD)).status, 303, "{settings:?}");
        server.stop();
    }
}

#[test]
fn what_can_not_be_used_stops_the_start_and_is_named() {
    let waxseal = waxseal!();
    let secret = ("SESSION_SECRET", SECRET);
    waxseal.write("two-lines", &format!("{PASSWORD}\n{OTHER}\n"));
    for (settings, refusal) in [
        (&[("ADMIN_EMAIL", BOSS)][..], "ADMIN_PASSWORD: is missing: ADMIN_EMAIL is set"),
        (&[("ADMIN_PASSWORD", PASSWORD)], "ADMIN_EMAIL: is missing: ADMIN_PASSWORD is set"),
        (
            &[("ADMIN_EMAIL", "boss"), ("ADMIN_PASSWORD", PASSWORD)],
            "ADMIN_EMAIL: This does not look like an email address",
        ),
        (
            &[("ADMIN_EMAIL", BOSS), ("ADMIN_PASSWORD", "hunter2")],
            "ADMIN_PASSWORD: This password is too short",
        ),
        (&[("ADMIN_EMAIL", BOSS), ("ADMIN_PASSWORD", "password1234")], "ADMIN_PASSWORD: "),
        (&[("ADMIN_EMAIL", BOSS), ("ADMIN_PASSWORD", BOSS)], "ADMIN_PASSWORD: "),
        (
            &[SETTINGS[0], SETTINGS[1], ("PASSWORD_MIN_LENGTH", "40")],
            "ADMIN_PASSWORD: This password is too short: it needs at least 40 characters.",
        ),
        (
            &[("ADMIN_EMAIL", BOSS), ("ADMIN_PASSWORD_FILE", "two-lines")],
            "ADMIN_PASSWORD: must be one line of text",
        ),
        (&[("ADMIN_EMAIL", BOSS), ("ADMIN_PASSWORD_FILE", "none")], "ADMIN_PASSWORD_FILE: "),
    ] {
        let settings = [settings, &[secret]].concat();
        let line = waxseal.run_with(&["serve"], &settings).refusal();
        assert!(line.starts_with(&format!("waxseal: {refusal}")), "{line}");
        for private in ["hunter2", "password1234", PASSWORD, OTHER, BOSS] {
            assert!(!line.contains(private), "{line}");
        }
        let check = waxseal.run_with(&["check"], &settings);
        assert!(check.stdout.contains(refusal), "{}", check.stdout);
    }
    assert!(!waxseal.folder().join("waxseal.db").exists());
}

#[actix_web::test]
async fn nodes_that_start_at_once_create_one() {
    let database = Arc::new(Database::create());
    let start = || App::launch(Arc::clone(&database), Clock::system(), &SETTINGS);
    let (one, _two, _three) = tokio::join!(start(), start(), start());
    let admins = "SELECT COUNT(*) FROM users WHERE role = 'admin'";
    assert_eq!(database.number(admins).await, 1);
    assert_eq!(one.client().log_in(BOSS, PASSWORD).await.redirects_to(), "/profile");
}
