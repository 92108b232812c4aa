//! How many instructions the session middleware adds to a request: what can be compared from one
//! machine to another, and from one change to the next. The cases are those of `cases.rs`.
//!
//! `cargo run --release --manifest-path benches/middleware/Cargo.toml --bin instructions` prints them; with
//! `-- --check` it also fails where one is over its limit. It runs itself under callgrind (Debian: `apt-get install valgrind`), each case with few
//! requests and with many: the difference is what the requests took.

mod cases;
mod listed_store;

use std::{
    env,
    process::{Command, ExitCode},
};

use tokio::runtime;

/// Enough for whatever grows with use to have grown.
const FEW: u32 = 200;
const MANY: u32 = 1200;

/// The cases, and how many instructions each may add to the bare handler's: what was measured (see
/// `docs/benchmarks.md`) and a tenth, for other compilers and libraries.
const LIMITS: [(&str, u32); 10] = [
    ("waxseal/visitor", 2_600),
    ("waxseal/typed", 12_400),
    ("waxseal/typed_read", 22_000),
    ("waxseal/typed_refresh", 33_600),
    ("waxseal/session", 25_500),
    ("waxseal/session_among_five_cookies", 27_200),
    ("waxseal/refresh", 46_600),
    ("waxseal/database_mode", 21_700),
    ("actix_session/session", u32::MAX),
    ("actix_session/resent", u32::MAX),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["run", case, requests] => {
            run(case, requests.parse().unwrap());
            ExitCode::SUCCESS
        }
        _ => compare(arguments.iter().any(|argument| argument == "--check")),
    }
}

/// Few revoked sessions: to fill the list takes a different number of instructions each time.
fn run(name: &str, requests: u32) {
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    let cases = cases::all(&runtime, 16);
    let case = cases.iter().find(|case| case.name == name).unwrap();
    (case.run)(&runtime, requests);
}

fn compare(check: bool) -> ExitCode {
    let (visitor, session) = (instructions("bare/visitor"), instructions("bare/session"));
    println!("{:36} {visitor:>7}", "bare/visitor");
    println!("{:36} {session:>7}", "bare/session");
    let mut code = ExitCode::SUCCESS;
    for (case, limit) in LIMITS {
        let bare = if case.ends_with("/visitor") { visitor } else { session };
        let added = instructions(case).saturating_sub(bare);
        let over = check && added > limit;
        let verdict = if over { format!("  over its limit of {limit}") } else { String::new() };
        println!("{case:36} {added:>+7}{verdict}");
        if over {
            code = ExitCode::FAILURE;
        }
    }
    code
}

/// How many instructions one request takes.
fn instructions(case: &str) -> u32 {
    let (few, many) = (collected(case, FEW), collected(case, MANY));
    u32::try_from((many - few) / u64::from(MANY - FEW)).unwrap()
}

/// How many instructions this program takes for so many requests.
fn collected(case: &str, requests: u32) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["run", case, &requests.to_string()])
        .output()
        .expect("valgrind is needed (Debian: apt-get install valgrind)");
    let report = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{report}");
    let collected = report.lines().find_map(|line| line.split_once("Collected : "));
    collected.expect("callgrind's sum").1.trim().parse().unwrap()
}
