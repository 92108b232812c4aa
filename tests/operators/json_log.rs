//! `LOG_FORMAT=json`.

use serde_json::Value;
use test_support::{Program, raw, waxseal};

use crate::{FORM, SECRET};

const JSON: (&str, &str) = ("LOG_FORMAT", "json");

fn parse(line: &str) -> Value {
    let event: Value = serde_json::from_str(line).unwrap_or_else(|_| panic!("{line:?} is no JSON"));
    for own in ["time", "level", "target", "message"] {
        assert!(event[own].is_string(), "{line}");
    }
    event
}

/// A program with a user, whose id it returns.
fn with_user() -> (Program, String) {
    let waxseal = waxseal!().set("SESSION_SECRET", SECRET);
    let server = waxseal.serve();
    server.post("/signup", &[], FORM);
    server.stop();
    let users: Value =
        serde_json::from_str(&waxseal.run(&["user", "list", "--json"]).success()).unwrap();
    let user = users[0]["user_id"].as_str().unwrap().to_owned();
    (waxseal, user)
}

#[test]
fn every_line_is_an_object_and_audit_lines_have_their_fields() {
    let (waxseal, user) = with_user();
    let server = waxseal.serve_with(&[], &[JSON, ("TRUSTED_PROXIES", "127.0.0.1")]);
    let from = ["X-Forwarded-For: 203.0.113.9"];
    let token = server.post("/login", &from, FORM).session().unwrap();
    server.post("/login", &from, &format!("{FORM}x"));
    server.post("/login", &from, "email=no%40example.com&password=violet+anvil+forty+marmots");
    server.get("/profile", &[from[0], &raw::session("garbage")]);
    server.get("/admin/users", &[from[0], &raw::session(&token)]);
    server.get("/\u{1b}[31m", &from);
    let log = server.stop();

    let events: Vec<Value> = log.iter().map(|line| parse(line)).collect();
    let audit = events.iter().filter(|event| event["target"] == "waxseal::audit");
    let audit: Vec<&Value> = audit.collect();
    let event = |name: &str| *audit.iter().find(|event| event["event"] == name).unwrap();
    let logged_in = event("logged_in");
    assert_eq!(logged_in["user"], *user);
    assert_eq!(logged_in["address"], "203.0.113.9");
    let session = logged_in["session"].as_str().unwrap();
    let text = format!("logged in: user {user}, session {session}, from 203.0.113.9");
    assert_eq!(logged_in["message"], text);
    assert_eq!((&logged_in["level"], session.len()), (&Value::from("INFO"), 22));
    assert_eq!(event("log_in_refused")["user"], *user);
    let unknown = audit.iter().filter(|event| event["event"] == "log_in_refused").nth(1).unwrap();
    assert_eq!((unknown.get("user"), unknown["address"].as_str()), (None, Some("203.0.113.9")));
    assert_eq!(event("cookie_rejected")["reason"], "malformed");
    let refused = event("access_refused");
    assert_eq!((&refused["method"], &refused["path"]), (&"GET".into(), &"/admin/users".into()));

    let is_profile = |event: &&Value| event["path"] == "/profile";
    let request =
        events.iter().filter(|event| event["target"] == "waxseal::access").find(is_profile);
    let request = request.unwrap();
    assert_eq!((&request["method"], &request["status"]), (&"GET".into(), &303.into()));
    assert_eq!(request["address"], "203.0.113.9");
    assert!(request["ms"].as_f64().is_some_and(|ms| ms > 0.0), "{request}");

    // A rule rather than a table: the words before the colon.
    for event in audit {
        let words = event["message"].as_str().unwrap().split_once(':').unwrap().0;
        assert_eq!(event["event"], words.replace([' ', '-'], "_"), "{event}");
    }
}

#[test]
fn commands_log_what_they_change_in_the_same_format() {
    let (waxseal, user) = with_user();
    let set_role = ["user", "set-role", "ann@example.com", "admin"];
    let flag = [&set_role[..3], &["user", "--log-format", "json"]].concat();
    for (arguments, settings, role) in [(&set_role[..], &[JSON][..], "admin"), (&flag, &[], "user")]
    {
        // The last administrator can't be removed.
        waxseal.run_with_input(
            &["user", "add", "boss@example.com", "--role", "admin"],
            "violet anvil forty",
        );
        let finished = waxseal.run_with(arguments, settings);
        assert_eq!(finished.code, Some(0), "{}", finished.stderr);
        let event = parse(finished.stderr.lines().find(|line| line.contains("role_set")).unwrap());
        let fields = ["event", "user", "role", "by"].map(|field| event[field].as_str().unwrap());
        assert_eq!(fields, ["role_set", &user, role, "command line"]);
        assert_eq!(event.get("address"), None);
        assert_eq!(
            event["message"],
            format!("role set: user {user}, role {role}, by command line")
        );
    }
}

#[test]
fn a_failure_is_an_object_too() {
    let waxseal = waxseal!();
    for (arguments, settings) in [
        (&["serve"][..], &[JSON, ("SESSION_MODE", "redis")][..]),
        (&[], &[JSON, ("LISTEN", "8080")]),
        (&["user", "list"], &[JSON]),
    ] {
        let finished = waxseal.run_with(arguments, settings);
        assert_eq!(finished.code, Some(1));
        let event = parse(finished.stderr.lines().last().unwrap());
        assert_eq!((&event["level"], &event["target"]), (&"ERROR".into(), &"waxseal".into()));
    }
    let line = waxseal.run_with(&[], &[("LOG_FORMAT", "xml")]).refusal();
    assert_eq!(line, "waxseal: LOG_FORMAT: \"xml\" must be text or json");
}
