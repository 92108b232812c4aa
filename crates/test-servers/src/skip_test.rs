//! Skipping a test that needs a program which is not installed.

use std::{
    env,
    io::{self, Write},
    thread,
};

/// Reports on standard error that the current test is skipped, and why. With `CI=true` or
/// `WAXSEAL_REQUIRE_{NAME}` set, it fails the test instead.
pub fn skip_test(name: &str, why: &str) {
    let variable = format!("WAXSEAL_REQUIRE_{name}");
    assert!(env::var_os(&variable).is_none(), "{variable} is set, but {why}");
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "no test may be skipped in CI: {why}");
    let test = thread::current().name().unwrap_or_default().to_owned();
    // Not `eprintln!`: the test runner hides its output if the test passes.
    io::stderr().write_all(format!("skipped: {test}: {why}\n").as_bytes()).unwrap();
}
