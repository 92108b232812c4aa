//! docs/seal-format.md is enough: a program in another language, written from that page alone,
//! reads our tokens. It needs Python 3; where there is none, the tests say so and leave it out.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stderr)]

use std::{
    io::Write,
    process::{Command, Output, Stdio},
    sync::Arc,
};

use actix_session::Session;
use actix_web::{
    App, HttpResponse,
    http::header::SET_COOKIE,
    test::{TestRequest, call_service, init_service},
    web,
};
use waxseal_session::{Clock, Keyring, MemoryStore, Secret, SessionMiddleware, Timestamp};

const PROGRAM: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/interop/unseal.py");
const VECTORS: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/../waxseal-seal/tests/vectors/seal-v1.json");
const SECRET: &str = "an interop secret of more than 32 bytes";

#[test]
fn the_other_program_agrees_with_every_vector() {
    let Some(output) = unseal(&["--vectors", VECTORS], "") else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

#[actix_web::test]
async fn the_other_program_reads_a_session_cookie() {
    let token = session_cookie().await;
    let Some(output) = unseal(&["--session", "waxseal"], &token) else { return };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let claims: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(claims["auth_time"], 1_767_225_600);
    assert_eq!(claims["iat"], 1_767_225_600);
    assert_eq!(claims["exp"], 1_767_225_600 + 7 * 86_400);
    assert_eq!(claims["state"]["user_id"], "42");
}

#[actix_web::test]
async fn the_other_program_refuses_the_cookie_under_another_name() {
    let token = session_cookie().await;
    let Some(output) = unseal(&["--session", "__Host-waxseal"], &token) else { return };
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(String::from_utf8_lossy(&output.stderr).trim(), "forged");
}

/// The value of a cookie that the session middleware has sent.
async fn session_cookie() -> String {
    async fn log_in(session: Session) -> HttpResponse {
        session.insert("user_id", "42").unwrap();
        HttpResponse::Ok().finish()
    }
    let clock = Clock::manual(Timestamp::from_unix(1_767_225_600));
    let store = Arc::new(MemoryStore::with_clock(clock.clone()));
    let keyring = Keyring::new(&Secret::new(SECRET).unwrap());
    let sessions = SessionMiddleware::builder(store, keyring)
        .cookie_secure(false)
        .clock(clock)
        .build()
        .unwrap();
    let app = init_service(App::new().wrap(sessions).route("/", web::get().to(log_in))).await;
    let response = call_service(&app, TestRequest::get().uri("/").to_request()).await;
    let cookie = response.headers().get(SET_COOKIE).unwrap().to_str().unwrap();
    cookie.split([';', '=']).nth(1).unwrap().to_owned()
}

/// Runs the other program; `None`, and a word about it, without Python.
fn unseal(arguments: &[&str], input: &str) -> Option<Output> {
    let started = Command::new("python3")
        .arg(PROGRAM)
        .args(arguments)
        .env("SESSION_SECRET", SECRET)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let Ok(mut program) = started else {
        assert!(std::env::var_os("WAXSEAL_REQUIRE_PYTHON").is_none(), "python3 is missing");
        eprintln!("left out: python3 is missing");
        return None;
    };
    program.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    Some(program.wait_with_output().unwrap())
}
