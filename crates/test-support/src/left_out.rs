use std::{
    env,
    io::{self, Write},
    thread,
};

/// Says on standard error that a test is left out, and why. With `CI=true` or
/// `WAXSEAL_REQUIRE_{NAME}` it fails the test instead.
pub fn left_out(name: &str, why: &str) {
    let variable = format!("WAXSEAL_REQUIRE_{name}");
    assert!(env::var_os(&variable).is_none(), "{variable} is set, but {why}");
    assert!(env::var_os("CI").is_none_or(|ci| ci != "true"), "nothing is left out in CI: {why}");
    let test = thread::current().name().unwrap_or_default().to_owned();
    // Not `eprintln!`: the test runner hides that when a test passes.
    io::stderr().write_all(format!("left out: {test}: {why}\n").as_bytes()).unwrap();
}
