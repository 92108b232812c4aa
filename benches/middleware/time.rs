//! What the session middleware adds to a request, in time: from the routing of a parsed request to
//! the dropped response. It leaves out the network, the parsing of HTTP, a database (the session
//! store is in memory) and handlers that use the session. The cases are those of `cases.rs`.
//!
//! `cargo run --release --manifest-path benches/middleware/Cargo.toml --bin time`. All cases take turns in
//! one process, so that what else the machine does falls on all of them; each figure is the median of the
//! turns. The number of turns can be given.

mod cases;
mod listed_store;

use std::{collections::HashMap, env};

use tokio::runtime;

/// Requests of one case before it is the next one's turn.
const REQUESTS: u32 = 4_000;

/// How often every case has its turn.
const TURNS: usize = 101;

/// What a case is compared with, and the most that the ratio may be (see `docs/benchmarks.md`).
const RATIOS: [(&str, &str, &str); 7] = [
    ("waxseal/typed", "actix_session/session", "0.40"),
    ("waxseal/typed_read", "actix_session/session", "-"),
    ("waxseal/session", "actix_session/session", "0.60"),
    ("waxseal/session_among_five_cookies", "actix_session/session", "-"),
    ("waxseal/database_mode", "actix_session/session", "-"),
    ("waxseal/refresh", "actix_session/resent", "0.65"),
    ("waxseal/typed_refresh", "actix_session/resent", "0.65"),
];

fn main() {
    let turns = env::args().nth(1).and_then(|turns| turns.parse().ok()).unwrap_or(TURNS);
    let runtime = runtime::Builder::new_current_thread().build().unwrap();
    let cases = cases::all(&runtime, 1_000_000);
    let mut nanos: HashMap<&str, Vec<f64>> = HashMap::new();
    for turn in 0..=turns {
        for case in &cases {
            let measured = (case.run)(&runtime, REQUESTS);
            // The first turn warms up.
            if turn > 0 {
                nanos.entry(case.name).or_default().push(measured);
            }
        }
    }
    let median = |case: &str| {
        let mut nanos = nanos[case].clone();
        nanos.sort_by(f64::total_cmp);
        nanos[nanos.len() / 2]
    };
    // What a case adds to the bare handler.
    let added = |case: &str| {
        let bare = if case.ends_with("/visitor") { "bare/visitor" } else { "bare/session" };
        median(case) - median(bare)
    };
    println!("{:36} {:>9}   of actix-session's (goal)", "added to the bare handler", "ns");
    for case in ["waxseal/visitor", "actix_session/session", "actix_session/resent"] {
        println!("{case:36} {:>9.0}", added(case));
    }
    for (case, other, goal) in RATIOS {
        println!("{case:36} {:>9.0}   {:.2} ({goal})", added(case), added(case) / added(other));
    }
}
