//! `waxseal user` and `waxseal session`: the binary itself, beside a running server and without
//! one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    io::{Read, Write},
    ops::Deref,
    process::{Command, Stdio},
    time::Duration,
};

use reqwest::{Method, StatusCode, header::USER_AGENT};
use serde_json::{Value, json};
use test_support::{
    COOKIE_NAME, Client, DAY, Finished, Process, Program, eventually, skip_test, waxseal,
};
use waxseal::{
    accounts::Client as ClientInfo,
    db::{self, AccountStore, DatabaseUrl, LoginContext, NewUser, SqlSessionStore},
    domain::{NewAccount, PasswordHash, Role, SignUp, UserId},
};
use waxseal_session::{
    Clock, ExpiryPolicy, Keyring, Secret, SessionId, SessionRecord, State, Timestamp,
    claims::Claims, cookie,
};

const PASSWORD: &str = "brown-otter 41 window";
const SECRET: &str = "a secret for these tests of over 32 bytes";
const OLD_SECRET: &str = "the one before it that is as long as this";

// --- waxseal user ---

#[test]
fn a_user_is_added_with_the_password_from_standard_input() {
    let place = Place::new();
    let added = place.run_with_input(&["user", "add", "Ann@Example.com"], PASSWORD);
    assert!(added.success().starts_with("created ann@example.com with the role user: "));
    let users = place.json(&["user", "list", "--json"]);
    let [user] = &users.as_array().unwrap()[..] else { panic!("{users}") };
    assert_eq!(user["email"], "ann@example.com");
    assert_eq!(user["role"], "user");
    assert_eq!(user["live_sessions"], 0);
    assert_eq!(user["user_id"].as_str().unwrap().len(), 36);
    assert!(is_rfc3339(&user["created_at"]));
}

#[actix_web::test]
async fn an_added_user_can_log_in_with_the_password_without_its_line_end() {
    let place = Place::new();
    for (email, line) in [("ann@example.com", "\n"), ("bob@example.com", "\r\nanother line\n")] {
        place.run_with_input(&["user", "add", email], &format!("{PASSWORD}{line}")).success();
    }
    let server = place.serve();
    logged_in(&server, "ann@example.com").await;
    logged_in(&server, "bob@example.com").await;
}

#[test]
fn adding_a_user_can_make_an_administrator_and_print_json() {
    let place = Place::new();
    let args = ["user", "add", "ann@example.com", "--role", "admin", "--json"];
    let user: Value =
        serde_json::from_str(&place.run_with_input(&args, PASSWORD).success()).unwrap();
    assert_eq!(user, place.json(&["user", "list", "--json"])[0]);
    assert_eq!(user["role"], "admin");
}

#[test]
fn a_password_is_never_an_argument() {
    let place = Place::new();
    for args in [
        &["user", "add", "ann@example.com", PASSWORD][..],
        &["user", "add", "ann@example.com", "--", PASSWORD],
        &["user", "add", "ann@example.com", "--password", PASSWORD],
        &["user", "add", "ann@example.com", &format!("--password={PASSWORD}")],
    ] {
        let refused = place.run_with_input(args, PASSWORD);
        assert_eq!(refused.code, Some(2), "{args:?}");
    }
    assert!(!place.folder().join("waxseal.db").exists());
}

#[test]
fn a_user_who_can_not_be_added_is_refused_with_the_reason() {
    let place = Place::new();
    place.add("ann@example.com", "user");
    let long = "x".repeat(5000);
    for (email, password, reason) in [
        ("ann@example.com", PASSWORD, "ann@example.com already has an account"),
        ("ann@", PASSWORD, "\"ann@\": This does not look like an email address"),
        ("", PASSWORD, "Enter your email address"),
        // Browsers don't send it, so its owner could not log in.
        ("ren\u{e9}@example.com", PASSWORD, "letters without accents"),
        ("bob@example.com", "", "Enter a password"),
        ("bob@example.com", "short", "at least 12 characters"),
        ("bob@example.com", "password1234", "easy to guess. This is a very common password"),
        ("bob@example.com", "bob@example.com", "too similar to your email address"),
        ("bob@example.com", &long, "at most 1024 bytes"),
    ] {
        let refusal = place.run_with_input(&["user", "add", email], password).refusal();
        assert!(refusal.contains(reason), "{refusal}");
    }
    assert_eq!(place.json(&["user", "list", "--json"]).as_array().unwrap().len(), 1);
}

#[test]
fn a_user_can_be_named_with_either_spelling_of_the_domain() {
    let place = Place::new();
    place.add("ann@xn--bcher-kva.example", "user");
    let again = place.run_with_input(&["user", "add", "Ann@B\u{fc}cher.example"], PASSWORD);
    assert!(again.refusal().contains("ann@b\u{fc}cher.example already has an account"));
    assert_eq!(place.json(&["user", "list", "--json"])[0]["email"], "ann@b\u{fc}cher.example");
    let set_role = place.run(&["user", "set-role", "ann@xn--bcher-kva.example", "admin"]);
    assert!(set_role.success().starts_with("ann@b\u{fc}cher.example now has the role admin"));
}

#[test]
fn a_domain_that_looks_like_another_is_spelled_out() {
    let place = Place::new();
    // The first letter of the domain is Cyrillic.
    let (address, ascii) = ("ann@\u{430}pple.com", "ann@xn--pple-43d.com");
    let shown = format!("{address} (look-alike: {ascii})");
    let added = place.run_with_input(&["user", "add", address], PASSWORD).success();
    assert!(added.starts_with(&format!("created {shown} with the role user")), "{added}");
    assert!(place.run(&["user", "list"]).success().contains(&shown));
    assert_eq!(place.json(&["user", "list", "--json"])[0]["email"], address);
    let deleted = place.run(&["user", "delete", ascii, "--yes"]).success();
    assert!(deleted.starts_with(&format!("deleted {shown} and")), "{deleted}");
}

#[test]
fn the_least_length_of_passwords_is_the_server_s_setting() {
    let place = Place::new();
    let add = ["user", "add", "ann@example.com", "--password-min-length", "40"];
    assert!(place.run_with_input(&add, PASSWORD).refusal().contains("at least 40 characters"));
    let mut add = place.command(&["user", "add", "ann@example.com"]);
    let refusal = Finished::of(add.env("PASSWORD_MIN_LENGTH", "4"), PASSWORD).refusal();
    assert!(refusal.contains("PASSWORD_MIN_LENGTH"), "{refusal}");
}

#[test]
fn users_are_listed_in_order_and_searched() {
    let place = Place::new();
    assert_eq!(place.json(&["user", "add", "bob@example.com", "--json"])["live_sessions"], 0);
    place.add("ann@example.com", "admin");
    let table = place.run(&["user", "list"]).success();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("EMAIL            ROLE   STATE   SESSIONS  CREATED"), "{table}");
    assert!(lines[1].starts_with("ann@example.com  admin  active  0         20"), "{table}");
    assert!(lines[2].starts_with("bob@example.com  user   active  0         20"), "{table}");
    assert!(lines[2].contains(" UTC  "), "{table}");

    let emails = |search: &str| -> Vec<String> {
        let users = place.json(&["user", "list", "--json", "--search", search]);
        let users = users.as_array().unwrap().clone();
        users.iter().map(|user| user["email"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(emails("example"), ["ann@example.com", "bob@example.com"]);
    assert_eq!(emails("BOB@"), ["bob@example.com"]);
    assert_eq!(emails("%"), [""; 0]);
    assert_eq!(place.run(&["user", "list", "--search", "zoe"]).success(), "No users.\n");
}

#[actix_web::test]
async fn more_users_than_a_batch_are_all_listed_once() {
    let place = Place::new();
    let accounts = place.accounts().await;
    let emails: Vec<String> = (0..1003).map(|number| format!("u{number:04}@example.com")).collect();
    for email in &emails {
        let user = NewUser {
            id: UserId::random(),
            email: &email.parse().unwrap(),
            password_hash: &PasswordHash::from_phc("none"),
            role: Role::User,
        };
        let added = accounts.add_user(user).await.unwrap();
        assert!(matches!(added, NewAccount::Done(_)));
    }
    let users = place.json(&["user", "list", "--json"]);
    let listed: Vec<&str> =
        users.as_array().unwrap().iter().map(|user| user["email"].as_str().unwrap()).collect();
    assert_eq!(listed, emails);
    assert_eq!(place.run(&["user", "list"]).success().lines().count(), 1004);
}

#[actix_web::test]
async fn a_change_of_role_ends_the_user_s_sessions() {
    let place = Place::new();
    let server = place.serve();
    let ann = signed_up(&server, "ann@example.com").await;
    let unchanged = place.run(&["user", "set-role", "ann@example.com", "user"]).success();
    assert_eq!(unchanged, "ann@example.com already has the role user\n");
    assert_eq!(status(&ann).await, StatusCode::OK);

    let id = place.json(&["user", "list", "--json"])[0]["user_id"].clone();
    let changed = place.json(&["user", "set-role", id.as_str().unwrap(), "admin", "--json"]);
    let expected = json!({
        "user_id": id, "email": "ann@example.com", "role": "admin", "changed": true,
    });
    assert_eq!(changed, expected);
    comes_to_refuse(&ann).await;
}

#[test]
fn the_last_administrator_stays_one() {
    let place = Place::new();
    place.add("ann@example.com", "admin");
    place.add("bob@example.com", "user");
    let last = "ann@example.com is the last administrator";
    let demote = ["user", "set-role", "ann@example.com", "user"];
    let delete = ["user", "delete", "ann@example.com", "--yes"];
    assert!(place.run(&demote).refusal().contains(last));
    assert!(place.run(&delete).refusal().contains(last));
    assert_eq!(place.json(&["user", "list", "--json"])[0]["role"], "admin");

    place.run(&["user", "set-role", "bob@example.com", "admin"]).success();
    let deleted = place.run(&delete).success();
    assert_eq!(deleted, "deleted ann@example.com and revoked all of the user's sessions\n");
}

#[actix_web::test]
async fn a_deleted_user_has_no_session_any_more() {
    let place = Place::new();
    let server = place.serve();
    let ann = signed_up(&server, "ann@example.com").await;
    let deleted = place.json(&["user", "delete", "ann@example.com", "--yes", "--json"]);
    assert_eq!(deleted["email"], "ann@example.com");
    assert_eq!(deleted["deleted"], true);
    comes_to_refuse(&ann).await;
}

#[test]
fn without_a_terminal_deletion_needs_yes() {
    let place = Place::new();
    place.add("ann@example.com", "user");
    let delete = ["user", "delete", "ann@example.com"];
    assert!(place.run_with_input(&delete, "y\n").refusal().contains("--yes"));
    assert_eq!(place.json(&["user", "list", "--json"]).as_array().unwrap().len(), 1);
}

#[actix_web::test]
async fn all_sessions_of_one_user_are_revoked() {
    let place = Place::new();
    let server = place.serve();
    let ann =
        [signed_up(&server, "ann@example.com").await, logged_in(&server, "ann@example.com").await];
    let bob = signed_up(&server, "bob@example.com").await;
    let revoked = place.json(&["user", "revoke-sessions", "ann@example.com", "--json"]);
    assert_eq!(revoked["email"], "ann@example.com");
    assert_eq!(revoked["revoked_sessions"], 2);
    for cookie in &ann {
        comes_to_refuse(cookie).await;
    }
    assert_eq!(status(&bob).await, StatusCode::OK);
    let again = place.run(&["user", "revoke-sessions", "ann@example.com"]).success();
    assert_eq!(again, "ann@example.com: 0 sessions revoked\n");
}

#[test]
fn an_unknown_user_is_refused_by_every_command() {
    let place = Place::new();
    place.add("ann@example.com", "user");
    for (name, reason) in [
        ("bob@example.com", "there is no user bob@example.com"),
        (
            "11111111-2222-4333-8444-555555555555",
            "there is no user 11111111-2222-4333-8444-555555555555",
        ),
        ("bob", "\"bob\" is neither an email address nor a user id"),
    ] {
        for args in [
            &["user", "set-role", name, "admin"][..],
            &["user", "delete", name, "--yes"],
            &["user", "revoke-sessions", name],
            &["user", "set-password", name],
            &["user", "set-email", name, "zoe@example.com"],
            &["user", "disable", name],
            &["user", "enable", name],
            &["user", "unlock", name],
            &["session", "list", "--user", name],
        ] {
            assert_eq!(place.run(args).refusal(), format!("waxseal: {reason}"), "{args:?}");
        }
    }
    let no_role = place.run(&["user", "set-role", "ann@example.com", "boss"]);
    assert_eq!(no_role.code, Some(2));
    assert!(no_role.stderr.contains("[possible values: user, admin]"), "{}", no_role.stderr);
}

#[test]
fn only_adding_a_user_creates_the_database() {
    let place = Place::new();
    let id = "AAAAAAAAAAAAAAAAAAAAAA";
    for args in [
        &["user", "list"][..],
        &["user", "set-role", "ann@example.com", "admin"],
        &["user", "delete", "ann@example.com", "--yes"],
        &["user", "revoke-sessions", "ann@example.com"],
        &["user", "set-password", "ann@example.com"],
        &["user", "set-email", "ann@example.com", "zoe@example.com"],
        &["user", "disable", "ann@example.com"],
        &["user", "enable", "ann@example.com"],
        &["user", "unlock", "ann@example.com"],
        &["session", "list"],
        &["session", "revoke", id],
    ] {
        let refusal = place.run(args).refusal();
        assert_eq!(refusal, "waxseal: DATABASE_URL: the database waxseal.db does not exist");
    }
    assert_eq!(std::fs::read_dir(place.folder()).unwrap().count(), 0);
}

#[test]
fn the_database_is_named_by_flag_environment_or_dotenv() {
    let place = Place::new();
    let add = ["user", "add", "ann@example.com", "--database-url", "sqlite://flag.db"];
    place.run_with_input(&add, PASSWORD).success();
    let list = ["user", "list", "--json"];
    let flag = ["user", "list", "--json", "--database-url", "sqlite://flag.db"];
    assert_eq!(place.json(&flag)[0]["email"], "ann@example.com");

    let mut in_environment = place.command(&list);
    assert!(
        Finished::of(in_environment.env("DATABASE_URL", "sqlite://flag.db"), "")
            .success()
            .contains("ann")
    );

    std::fs::write(place.folder().join(".env"), "DATABASE_URL=sqlite://flag.db\n").unwrap();
    assert_eq!(place.json(&list)[0]["email"], "ann@example.com");
    let refusal = place.run(&["user", "list", "--database-url", "mysql://db"]).refusal();
    assert!(refusal.contains("DATABASE_URL"), "{refusal}");
}

// --- waxseal session ---

#[actix_web::test]
async fn a_session_of_a_running_server_is_listed_and_revoked() {
    let place = Place::new();
    let server = place.serve();
    let ann = signed_up(&server, "ann@example.com").await;
    let bob = signed_up(&server, "bob@example.com").await;
    let sessions = place.json(&["session", "list", "--json", "--user", "ann@example.com"]);
    let [session] = &sessions.as_array().unwrap()[..] else { panic!("{sessions}") };
    assert_eq!(session["email"], "ann@example.com");
    assert_eq!(session["address"], "127.0.0.1");
    assert_eq!(session["user_agent"], "a test");
    for time in ["created_at", "last_seen", "expires_at"] {
        assert!(is_rfc3339(&session[time]), "{session}");
    }
    let id = session["session_id"].as_str().unwrap();
    let table = place.run(&["session", "list"]).success();
    assert_eq!(table.lines().count(), 3, "{table}");
    assert!(table.starts_with("ID                      USER             LOGGED IN"), "{table}");
    assert!(table.contains(&format!("{id}  ann@example.com  20")), "{table}");
    assert!(table.contains("127.0.0.1  a test\n"), "{table}");

    let revoked = place.run(&["session", "revoke", id]).success();
    assert_eq!(revoked, format!("revoked session {id}\n"));
    comes_to_refuse(&ann).await;
    assert_eq!(status(&bob).await, StatusCode::OK);

    let again = place.json(&["session", "revoke", id, "--json"]);
    assert_eq!(again, json!({ "session_id": id, "was_live": false }));
    place.run(&["user", "revoke-sessions", "bob@example.com"]).success();
    assert_eq!(place.run(&["session", "list"]).success(), "No live sessions.\n");
    assert_eq!(place.json(&["session", "list", "--json"]), json!([]));
}

#[test]
fn a_session_that_is_not_there_can_not_be_revoked() {
    let place = Place::new();
    place.add("ann@example.com", "user");
    // One in 64 ids begins with a hyphen, and is no flag.
    for id in ["AAAAAAAAAAAAAAAAAAAAAA", "-AAAAAAAAAAAAAAAAAAAAA", "--AAAAAAAAAAAAAAAAAAAA"] {
        let refusal = place.run(&["session", "revoke", id]).refusal();
        assert_eq!(refusal, format!("waxseal: there is no session {id}"));
    }
    let refusal = place.run(&["session", "revoke", "ann"]).refusal();
    assert_eq!(refusal, "waxseal: \"ann\": not a session id");
}

#[actix_web::test]
async fn sessions_are_read_in_batches_the_latest_log_in_first() {
    let place = Place::new();
    let store = place.store().await;
    let now = Clock::system().now();
    let mut opened: Vec<SessionRecord> = Vec::new();
    for number in 0..7 {
        // Two of each time, so that the order does not hang on the time alone.
        let auth_time = now - Duration::from_secs(number / 2);
        opened.push(place.open_session(&store, auth_time, now + DAY).await);
    }
    opened.sort_by_key(|session| (std::cmp::Reverse(session.auth_time), session.id.to_string()));

    let mut read = Vec::new();
    while let batch = store.sessions_after(None, read.last(), 2).await.unwrap()
        && !batch.is_empty()
    {
        read.extend(batch);
    }
    let read: Vec<SessionId> = read.iter().map(|session| session.id).collect();
    let opened: Vec<SessionId> = opened.iter().map(|session| session.id).collect();
    assert_eq!(read, opened);
}

#[actix_web::test]
async fn a_live_cookie_is_inspected_however_it_is_given() {
    let place = Place::new();
    let server = place.serve();
    let ann = signed_up(&server, "ann@example.com").await;
    let value = ann.session().unwrap();
    let cookie = format!("{COOKIE_NAME}={value}");
    let findings = place.inspect(value);
    assert_eq!(findings["status"], "live");
    assert_eq!(findings["hint"], Value::Null);
    assert_eq!(findings["cookie_name"], "waxseal");
    assert_eq!(findings["purpose"], "session:waxseal");
    assert_eq!(findings["key"], "current");
    assert_eq!(findings["key_id"].as_str().unwrap().len(), 8);
    assert_eq!(findings["mode"], "cookie");
    let session = &place.json(&["session", "list", "--json"])[0];
    assert_eq!(findings["claims"]["sid"], session["session_id"]);
    assert_eq!(findings["claims"]["auth_time"], session["created_at"]);
    assert_eq!(findings["claims"]["iat"], session["created_at"]);
    assert_eq!(findings["claims"]["exp"], session["expires_at"]);
    assert_eq!(findings["record"]["email"], "ann@example.com");
    assert_eq!(findings["record"]["expires_at"], session["expires_at"]);
    assert_eq!(findings["record"]["revoked_at"], Value::Null);
    assert_eq!(findings["state"], json!({ "user_id": session["user_id"], "role": "user" }));
    assert_eq!(findings["reseal"], json!([]));

    for given in [
        cookie.clone(),
        format!("Cookie: theme=dark; {cookie}"),
        format!("set-cookie: {cookie}; Path=/; HttpOnly; SameSite=Lax; Max-Age=604800"),
    ] {
        assert_eq!(place.inspect(&given), findings, "{given}");
    }
    let piped = ["session", "inspect", "--json"];
    for args in [&piped[..], &["session", "inspect", "--json", "-"]] {
        let output = place.run_with_input(args, &format!("  {value}\n")).success();
        assert_eq!(serde_json::from_str::<Value>(&output).unwrap(), findings);
    }

    let text = place.run(&["session", "inspect", value]).success();
    for line in [
        "status          live: a server with these settings accepts it\n",
        "cookie          waxseal (purpose session:waxseal)\n",
        " (current)\n",
        "mode            cookie\n",
        " days\n",
        "user            ann@example.com, ",
    ] {
        assert!(text.contains(line), "{text}");
    }

    place.run(&["user", "revoke-sessions", "ann@example.com"]).success();
    let revoked = place.inspect(value);
    assert_eq!(revoked["status"], "revoked");
    assert!(is_rfc3339(&revoked["record"]["revoked_at"]));
}

#[actix_web::test]
async fn the_next_request_s_new_seal_is_foretold() {
    let place = Place::new();
    let store = place.store().await;
    let now = Clock::system().now();
    let session = place.open_session(&store, now - DAY * 3, now + DAY).await;
    let claims = claims_of(&session);
    let in_database = Claims { state: None, ..claims.clone() };

    let refresh_due = place.inspect(&seal(SECRET, "waxseal", &claims));
    assert_eq!(refresh_due["reseal"], json!(["refresh"]));
    let by_fallback = place.inspect(&seal(OLD_SECRET, "waxseal", &claims));
    assert_eq!(by_fallback["key"], "fallback");
    assert_eq!(by_fallback["reseal"], json!(["refresh", "fallback_key"]));
    let of_other_mode = place.inspect(&seal(SECRET, "waxseal", &in_database));
    assert_eq!(of_other_mode["mode"], "database");
    assert_eq!(of_other_mode["reseal"], json!(["refresh", "other_mode"]));
    assert_eq!(of_other_mode["state"], json!({ "cart": [1, 2] }), "the record's");

    let token = seal(SECRET, "waxseal", &in_database);
    let with = |flags: &[&str]| {
        place.json(&[&["session", "inspect", &token, "--json"], flags].concat())["reseal"].clone()
    };
    assert_eq!(with(&["--session-mode", "database"]), json!(["refresh"]));
    assert_eq!(with(&["--session-refresh-below", "1h"]), json!(["other_mode"]));
    assert_eq!(with(&["--session-lifetime", "7d"]), json!(["refresh", "other_mode"]));
}

#[actix_web::test]
async fn a_cookie_that_is_not_taken_is_told_why() {
    let place = Place::new();
    let store = place.store().await;
    let now = Clock::system().now();
    let session = place.open_session(&store, now, now + DAY * 6).await;
    let claims = claims_of(&session);
    let token = seal(SECRET, "waxseal", &claims);
    let status = |token: &str| {
        let findings = place.inspect(token);
        assert_eq!(findings["reseal"], json!([]), "{findings}");
        findings["status"].as_str().unwrap().to_owned()
    };
    assert_eq!(status(&token), "live");

    let expired = Claims { exp: now, ..claims.clone() };
    assert_eq!(status(&seal(SECRET, "waxseal", &expired)), "expired");
    let ahead = Claims { iat: now + Duration::from_secs(120), ..claims.clone() };
    assert_eq!(status(&seal(SECRET, "waxseal", &ahead)), "sealed_in_the_future");
    let unknown = Claims { sid: SessionId::random(), ..claims.clone() };
    assert_eq!(status(&seal(SECRET, "waxseal", &unknown)), "unknown_record");
    assert_eq!(status(&seal(SECRET, "another", &claims)), "forged");
    let changed = if token.as_bytes()[60] == b'A' { "B" } else { "A" };
    assert_eq!(status(&format!("{}{changed}{}", &token[..60], &token[61..])), "forged");
    assert_eq!(status(&token[..50]), "malformed");
    assert_eq!(status("nonsense!"), "malformed");
    assert_eq!(status("-"), "malformed", "nothing on standard input");
    assert_eq!(status(&format!("waxseal={token}; waxseal={token}")), "duplicate_cookie");
    let keyring = Keyring::new(&Secret::new(SECRET).unwrap());
    let not_claims = keyring.seal(&cookie::purpose("waxseal"), b"{}");
    assert_eq!(status(&not_claims), "not_a_session");

    let foreign =
        place.inspect(&seal("somebody else's secret, 32 bytes or more", "waxseal", &claims));
    assert_eq!(foreign["status"], "unknown_key");
    assert_eq!(foreign["key"], "unknown");
    assert_eq!(foreign["claims"], Value::Null);
    let hint = foreign["hint"].as_str().unwrap();
    assert!(hint.contains(&format!("{} (current)", keyring.current_id())), "{hint}");
    assert!(hint.contains(" (fallback)"), "{hint}");

    place.run(&["session", "revoke", &session.id.to_string()]).success();
    assert_eq!(status(&token), "revoked");
    let text = place.run(&["session", "inspect", &token]).success();
    assert!(text.starts_with("status          revoked: servers refuse it\n"), "{text}");
}

#[actix_web::test]
async fn the_other_environment_s_cookie_is_recognised() {
    let place = Place::new();
    let store = place.store().await;
    let now = Clock::system().now();
    let session = place.open_session(&store, now, now + DAY).await;
    let token = seal(SECRET, "__Host-waxseal", &claims_of(&session));
    for given in [token.clone(), format!("__Host-waxseal={token}")] {
        let findings = place.inspect(&given);
        assert_eq!(findings["status"], "forged");
        let hint = findings["hint"].as_str().unwrap();
        assert!(hint.contains("__Host-waxseal") && hint.contains("APP_ENV=production"), "{hint}");
    }
    let in_production =
        place.json(&["session", "inspect", &token, "--json", "--app-env", "production"]);
    assert_eq!(in_production["status"], "live");
    assert_eq!(in_production["cookie_name"], "__Host-waxseal");

    let token = seal(SECRET, "waxseal", &claims_of(&session));
    let args = ["session", "inspect", &token, "--json", "--app-env", "production"];
    assert!(place.json(&args)["hint"].as_str().unwrap().contains("APP_ENV=development"));
}

#[test]
fn a_cookie_that_does_not_unseal_needs_no_database() {
    let place = Place::new();
    assert_eq!(place.inspect("nonsense")["status"], "malformed");
    let now = Clock::system().now();
    let state = State::from_json("{}").unwrap();
    let session = SessionRecord {
        id: SessionId::random(),
        auth_time: now,
        expires_at: now,
        latest_expiry: now,
        state,
    };
    let token = seal(SECRET, "waxseal", &claims_of(&session));
    let refusal = place.run(&["session", "inspect", &token]).refusal();
    assert!(refusal.contains("waxseal.db does not exist"), "{refusal}");
}

#[test]
fn what_can_not_be_inspected_is_refused() {
    let place = Place::new();
    let no_cookie = place.run(&["session", "inspect", "Cookie: theme=dark"]).refusal();
    assert!(no_cookie.contains("the input has no cookie waxseal"), "{no_cookie}");
    let two_lines = place.run(&["session", "inspect", "waxseal=a\nb"]).refusal();
    assert!(two_lines.contains("one line"), "{two_lines}");
    let mut without_secret = place.command(&["session", "inspect", "AQ"]);
    let refusal = Finished::of(without_secret.env_remove("SESSION_SECRET"), "").refusal();
    assert!(refusal.starts_with("waxseal: SESSION_SECRET: "), "{refusal}");
}

// --- all of them ---

#[test]
fn every_command_tells_its_help_and_version() {
    let place = Place::new();
    for command in [
        &["user"][..],
        &["user", "list"],
        &["user", "add"],
        &["user", "set-role"],
        &["user", "set-password"],
        &["user", "set-email"],
        &["user", "disable"],
        &["user", "enable"],
        &["user", "unlock"],
        &["user", "delete"],
        &["user", "revoke-sessions"],
        &["session"],
        &["session", "list"],
        &["session", "revoke"],
        &["session", "inspect"],
    ] {
        let help = place.run(&[command, &["--help"]].concat()).success();
        assert!(help.contains(&format!("Usage: waxseal {}", command.join(" "))), "{help}");
        let has_command_s_own_settings_only = !help.contains("--listen");
        assert!(has_command_s_own_settings_only, "{help}");
        let version = place.run(&[command, &["--version"]].concat()).success();
        assert!(version.ends_with(&format!(" {}\n", env!("CARGO_PKG_VERSION"))), "{version}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_reader_who_goes_is_no_error_and_a_full_disk_is() {
    let place = Place::new();
    place.add("ann@example.com", "user");
    for args in [&["user", "list"][..], &["user", "list", "--json"], &["secret"]] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let output = place.command(args).stdout(writer).output().unwrap();
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");

        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = place.command(args).stdout(full).output().unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(stderr.starts_with("waxseal: standard output can't be written: "), "{stderr}");
    }
}

#[actix_web::test]
async fn nothing_a_browser_calls_itself_steers_the_terminal() {
    let place = Place::new();
    let accounts = place.accounts().await;
    let user = NewUser {
        id: UserId::random(),
        email: &"ann@example.com".parse().unwrap(),
        password_hash: &PasswordHash::from_phc("none"),
        role: Role::User,
    };
    let now = Clock::system().now();
    let state = State::from_json("{}").unwrap();
    let session = SessionRecord::new(&ExpiryPolicy::default(), now, state);
    let client =
        ClientInfo { address: "::1".to_owned(), user_agent: "a\u{1b}[2J\u{202e}b".to_owned() };
    let context = LoginContext { client, ..LoginContext::default() };
    let signed_up = accounts.sign_up(user, session, &context, None).await.unwrap();
    assert!(matches!(signed_up, SignUp::Done(_)));
    let table = place.run(&["session", "list"]).success();
    assert!(table.ends_with("::1      a\u{fffd}[2J\u{fffd}b\n"), "{table:?}");
}

#[actix_web::test]
async fn an_invitation_waits_for_the_server_that_sends_it() {
    let place = Place::new();
    let server = place.serve();
    signed_up(&server, "ann@example.com").await;
    server.stop();
    let invited = place.run(&["user", "invite", "bob@example.com", "--role", "admin"]).success();
    let sent = "the server sends the email, if it sends mail";
    assert_eq!(invited, format!("invited bob@example.com with the role admin: {sent}\n"));
    let json = place.json(&["user", "invite", "carol@example.com", "--json"]);
    assert_eq!(json, serde_json::json!({ "email": "carol@example.com", "role": "user" }));
    let taken = place.run(&["user", "invite", "ann@example.com"]);
    assert!(taken.stderr.contains("ann@example.com already has an account"), "{}", taken.stderr);
}

#[actix_web::test]
async fn what_is_changed_from_the_command_line_is_in_the_log() {
    let place = Place::new();
    let server = place.serve();
    let ann = signed_up(&server, "ann@example.com").await;
    logged_in(&server, "ann@example.com").await;
    let session =
        place.inspect(ann.session().unwrap())["claims"]["sid"].as_str().unwrap().to_owned();
    let audited = |args: &[&str]| {
        let ran = place.run_with_input(args, PASSWORD);
        let lines = ran.stderr.lines();
        let text = |line: &str| line.split_once(" INFO  waxseal::audit] ").unwrap().1.to_owned();
        lines.map(text).collect::<Vec<String>>()
    };
    let id = |at: usize| {
        let users = place.json(&["user", "list", "--json"]);
        users[at]["user_id"].as_str().unwrap().to_owned()
    };
    let ann = id(0);
    let added = audited(&["user", "add", "bob@example.com", "--role", "admin"]);
    let bob = id(1);
    assert_eq!(added, [format!("user added: user {bob}, role admin, by command line")]);
    let invited = audited(&["user", "invite", "carol@example.com"]);
    assert_eq!(invited, ["invited: role user, by command line"]);
    assert_eq!(
        audited(&["session", "revoke", &session]),
        [format!("session revoked: user {ann}, session {session}, by command line")]
    );
    assert_eq!(audited(&["session", "revoke", &session]), [""; 0], "over already");
    assert_eq!(
        audited(&["user", "revoke-sessions", "ann@example.com"]),
        [format!("sessions revoked: user {ann}, 1 ended, by command line")]
    );
    assert_eq!(audited(&["user", "revoke-sessions", "ann@example.com"]), [""; 0], "none was left");
    assert_eq!(
        audited(&["user", "set-role", "ann@example.com", "admin"]),
        [format!("role set: user {ann}, role admin, by command line")]
    );
    assert_eq!(
        audited(&["user", "set-role", "ann@example.com", "admin"]),
        [""; 0],
        "the same role"
    );
    assert_eq!(
        audited(&["user", "delete", "ann@example.com", "--yes"]),
        [format!("account deleted: user {ann}, by command line")]
    );
    assert_eq!(audited(&["user", "list"]), [""; 0]);
}

// --- on a terminal ---

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_the_password_is_asked_for_twice_and_not_shown() {
    let place = Place::new();
    let add = r#""$WAXSEAL" user add ann@example.com"#;
    let dialogue =
        [Asked::InSecret("Password: ", PASSWORD), Asked::InSecret("Repeat password: ", PASSWORD)];
    let Some(shown) = on_terminal(&place, add, &dialogue) else { return };
    assert!(shown.contains("created ann@example.com with the role user"), "{shown}");
    assert!(!shown.contains(PASSWORD), "{shown}");

    let dialogue =
        [Asked::InSecret("Password: ", PASSWORD), Asked::InSecret("Repeat password: ", "another")];
    let add = r#""$WAXSEAL" user add bob@example.com"#;
    let shown = on_terminal(&place, add, &dialogue).unwrap();
    assert!(shown.contains("waxseal: the passwords don't match"), "{shown}");
    assert_eq!(place.json(&["user", "list", "--json"]).as_array().unwrap().len(), 1);
}

#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_a_deletion_has_to_be_confirmed() {
    let place = Place::new();
    place.add("ann@example.com", "user");
    let delete = r#""$WAXSEAL" user delete ann@example.com"#;
    let question = "Delete the account of ann@example.com (role user)? [y/N] ";
    for (answer, outcome) in [
        ("", "waxseal: nothing was deleted"),
        ("no", "waxseal: nothing was deleted"),
        ("y", "deleted ann@example.com"),
    ] {
        let Some(shown) = on_terminal(&place, delete, &[Asked::Openly(question, answer)]) else {
            return;
        };
        assert!(shown.contains(outcome), "{shown}");
    }
}

/// A question on the terminal, and the answer to it.
#[cfg(target_os = "linux")]
enum Asked<'a> {
    Openly(&'a str, &'a str),
    /// Answered when the terminal does not show any more what is typed.
    InSecret(&'a str, &'a str),
}

/// Runs a shell's command on a terminal of its own and answers what it asks; what was to be seen
/// there. `None`, and a word about it, without script(1).
#[cfg(target_os = "linux")]
fn on_terminal(place: &Place, command: &str, dialogue: &[Asked<'_>]) -> Option<String> {
    let mut script = Command::new("script");
    script
        .args(["--quiet", "--return", "--command", &format!("tty; {command}"), "/dev/null"])
        .current_dir(place.folder())
        .env_remove("DATABASE_URL")
        .env("WAXSEAL", env!("CARGO_BIN_EXE_waxseal"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let Ok(mut script) = script.spawn() else {
        skip_test("TERMINAL", "script(1) is missing (Debian: apt-get install bsdutils)");
        return None;
    };
    let (mut keyboard, mut screen) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
    let terminal = read_until(&mut screen, "\n").trim().to_owned();
    let mut shown = String::new();
    for asked in dialogue {
        let (Asked::Openly(question, answer) | Asked::InSecret(question, answer)) = asked;
        shown += &read_until(&mut screen, question);
        if matches!(asked, Asked::InSecret(..)) {
            wait_for_silence(&terminal);
        }
        writeln!(keyboard, "{answer}").unwrap();
    }
    screen.read_to_string(&mut shown).unwrap();
    script.wait().unwrap();
    Some(shown)
}

#[cfg(target_os = "linux")]
fn read_until(screen: &mut impl Read, text: &str) -> String {
    let mut shown = Vec::new();
    while !shown.ends_with(text.as_bytes()) {
        let mut byte = [0];
        let read = screen.read_exact(&mut byte);
        assert!(read.is_ok(), "no {text:?} in {}", String::from_utf8_lossy(&shown));
        shown.push(byte[0]);
    }
    String::from_utf8(shown).unwrap()
}

/// Waits until a terminal does not show what is typed.
#[cfg(target_os = "linux")]
fn wait_for_silence(terminal: &str) {
    for _ in 0..5_000 {
        let settings = Command::new("stty").args(["-F", terminal, "-a"]).output().unwrap();
        if String::from_utf8(settings.stdout).unwrap().contains(" -echo ") {
            return;
        }
    }
    panic!("{terminal} shows what is typed");
}

// --- helpers ---

/// waxseal with the secrets of these tests.
struct Place(Program);

impl Place {
    fn new() -> Self {
        let waxseal = waxseal!();
        Self(waxseal.set("SESSION_SECRET", SECRET).set("SESSION_SECRET_FALLBACKS", OLD_SECRET))
    }

    /// What a command prints that may be asked for a password.
    fn json(&self, args: &[&str]) -> Value {
        serde_json::from_str(&self.run_with_input(args, PASSWORD).success()).unwrap()
    }

    fn inspect(&self, cookie: &str) -> Value {
        let output = self.run(&["session", "inspect", cookie, "--json"]).success();
        serde_json::from_str(&output).unwrap()
    }

    fn add(&self, email: &str, role: &str) {
        self.run_with_input(&["user", "add", email, "--role", role], PASSWORD).success();
    }

    /// The sessions in the database, which is created when missing.
    async fn store(&self) -> SqlSessionStore {
        let url: DatabaseUrl = self.database_url().parse().unwrap();
        let database = db::connect(&url).await.unwrap();
        SqlSessionStore::load(database, Clock::system()).await.unwrap()
    }

    async fn accounts(&self) -> AccountStore {
        AccountStore::new(self.store().await, Clock::system())
    }

    async fn open_session(
        &self,
        store: &SqlSessionStore,
        auth_time: Timestamp,
        expires_at: Timestamp,
    ) -> SessionRecord {
        use waxseal_session::SessionStore;
        let state = State::from_json(r#"{"cart":[1,2]}"#).unwrap();
        let session = SessionRecord {
            id: SessionId::random(),
            auth_time,
            expires_at,
            latest_expiry: expires_at,
            state,
        };
        assert!(store.create(&session, None).await.unwrap());
        session
    }
}

impl Deref for Place {
    type Target = Program;

    fn deref(&self) -> &Program {
        &self.0
    }
}

/// A browser that has just signed up.
async fn signed_up(server: &Process, email: &str) -> Client {
    submitted(server, "/signup", email).await
}

/// A browser that has just logged in.
async fn logged_in(server: &Process, email: &str) -> Client {
    submitted(server, "/login", email).await
}

async fn submitted(server: &Process, path: &str, email: &str) -> Client {
    let mut client = server.client();
    let form = [("email", email), ("password", PASSWORD)];
    let request = client.request(Method::POST, path).form(&form);
    let answer = client.send(request.header(USER_AGENT, "a test")).await;
    assert_eq!(answer.redirects_to(), "/profile");
    client
}

/// How the server answers somebody with this cookie: 200 or 401.
async fn status(client: &Client) -> StatusCode {
    client.clone().get("/api/session").await.status
}

/// Asks until the server has heard of it.
async fn comes_to_refuse(client: &Client) {
    eventually(async || status(client).await == StatusCode::UNAUTHORIZED).await;
}

fn claims_of(session: &SessionRecord) -> Claims {
    Claims {
        sid: session.id,
        auth_time: session.auth_time,
        iat: session.auth_time,
        exp: session.expires_at,
        own: None,
        state: Some(session.state.clone()),
    }
}

fn seal(secret: &str, cookie_name: &str, claims: &Claims) -> String {
    let keyring = Keyring::new(&Secret::new(secret).unwrap());
    keyring.seal(&cookie::purpose(cookie_name), claims.to_json().as_bytes())
}

fn is_rfc3339(time: &Value) -> bool {
    let time = time.as_str().unwrap_or_default();
    time.len() == "2026-11-21T23:05:00Z".len() && time.starts_with("20") && time.ends_with('Z')
}
