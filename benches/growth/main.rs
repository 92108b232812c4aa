//! How the time of a request grows: with the size of the state, with the tokens that come in turn, with
//! other cookies, with the revoked sessions, with the sessions that there are, and with the nodes. Writes
//! `docs/benchmarks/growth.md` and its charts.
//!
//! `cargo bench --bench growth`, or `-- state`, `-- turns`, `-- cookies`, `-- revoked`, `-- sessions`,
//! `-- nodes`, which print and write nothing. It takes three minutes and 1 GB of memory.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

mod chart;
mod keep_alive;
mod layer;
mod servers;
mod token;

#[path = "../support/app.rs"]
mod app;
#[path = "../../tests/support/postgres.rs"]
#[allow(dead_code)]
mod postgres;
#[path = "../support/server.rs"]
#[allow(dead_code)]
mod server;

use std::{env, fs, path::Path};

use chart::Chart;

type Measure = fn() -> Vec<Chart>;

/// What is measured, under the name that it is asked for by.
const ALL: [(&str, Measure); 6] = [
    ("state", layer::by_size_of_state),
    ("turns", layer::by_tokens_in_turn),
    ("cookies", layer::by_cookies),
    ("revoked", layer::by_revoked_sessions),
    ("sessions", servers::by_sessions),
    ("nodes", servers::by_nodes),
];

fn main() {
    // `cargo test --benches` runs it without this.
    if !env::args().any(|argument| argument == "--bench") {
        return;
    }
    let asked: Vec<String> = env::args().skip(1).filter(|arg| !arg.starts_with('-')).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/benchmarks");
    let mut page =
        "# Growth\n\nWritten by `cargo bench --bench growth`, which measures again. What the \
        slopes mean is said in [benchmarks](../benchmarks.md#growth).\n"
            .to_owned();
    for (name, measure) in ALL {
        if !asked.is_empty() && !asked.iter().any(|asked| asked == name) {
            continue;
        }
        for chart in measure() {
            println!("\n{}\n\n{}", chart.title, chart.table());
            page += &chart.section();
            if asked.is_empty() {
                fs::write(folder.join(chart.file()), chart.svg()).unwrap();
            }
        }
    }
    if asked.is_empty() {
        fs::write(folder.join("growth.md"), page).unwrap();
    }
}

/// The middle one.
fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
