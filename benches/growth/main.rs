//! How the time of a request grows with the size of the state, other cookies, revoked sessions, live
//! sessions, and nodes.
//!
//! `cargo bench --bench growth`, or `-- state`, `-- cookies`, `-- revoked`, `-- sessions`,
//! `-- nodes`. It takes three minutes and 1 GB of memory. It prints the Markdown that is in
//! `docs/benchmarks/growth.md`.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

mod app;
mod keep_alive;
#[path = "../middleware/listed_store.rs"]
mod listed_store;
mod middleware;
mod servers;
mod table;
mod token;

use std::env;

use table::Table;

type Measure = fn() -> Vec<Table>;

/// The measurements, by name.
const ALL: [(&str, Measure); 5] = [
    ("state", middleware::by_size_of_state),
    ("cookies", middleware::by_cookies),
    ("revoked", middleware::by_revoked_sessions),
    ("sessions", servers::by_sessions),
    ("nodes", servers::by_nodes),
];

fn main() {
    // `cargo test --benches` does not pass it.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let asked: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    for (name, measure) in ALL {
        if asked.is_empty() || asked.iter().any(|asked| asked == name) {
            measure().iter().for_each(|table| println!("\n{table}"));
        }
    }
}

/// The median.
fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
