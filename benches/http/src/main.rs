//! The cost of a session over HTTP: measures servers with and without sessions under `wrk`. See `run`.
//!
//!     waxseal-http-bench SECONDS ROUNDS [ONLY…]      measures
//!     waxseal-http-bench serve NAME PORT DATABASE    is one of the servers

mod cell;
mod contenders;
mod cores;
mod databases;
mod http;
mod machine;
mod processes;
mod report;
mod server;
mod servers;
mod wrk;

use std::{env, error::Error, fs, process::ExitCode};

use cell::Cell;
use contenders::Contender;
use cores::Cores;
use databases::Databases;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// A server, and its results in each round.
struct Measured {
    contender: &'static Contender,
    rounds: Vec<Cell>,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let outcome = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", name, port, database] => servers::serve(name, port, database),
        [seconds, rounds, ref only @ ..] => compare(seconds, rounds, only),
        _ => Err("SECONDS ROUNDS [ONLY…]".into()),
    };
    outcome.map_or_else(
        |error| {
            eprintln!("{error}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}

/// Measures every server in every round and writes the page; with a selection of servers, it only prints
/// the results.
fn compare(seconds: &str, rounds: &str, only: &[&str]) -> Outcome<()> {
    let (seconds, rounds) = (seconds.parse()?, rounds.parse()?);
    let chosen = contenders::chosen(only)?;
    let load = machine::load();
    let cores = Cores::split()?;
    let needed: Vec<_> = chosen.iter().map(|contender| contender.database).collect();
    let databases = Databases::start(&needed)?;
    let (present, skipped) = present(chosen, &databases);
    let mut all: Vec<_> =
        present.into_iter().map(|contender| Measured { contender, rounds: Vec::new() }).collect();
    for round in 1..=rounds {
        for Measured { contender, rounds } in &mut all {
            println!("round {round}: {}", contender.label);
            let cell = cell::measure(contender, &databases, &cores, seconds)
                .map_err(|error| format!("{}: {error}", contender.label))?;
            rounds.push(cell);
        }
    }
    let conditions = machine::describe(&databases, &load, seconds, rounds);
    let table = report::table(&all, &skipped);
    println!("\n{table}");
    if only.is_empty() {
        let docs = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/benchmarks");
        fs::create_dir_all(docs)?;
        fs::write(format!("{docs}/http.md"), report::page(&table, &conditions))?;
    }
    Ok(())
}

/// The servers that can be measured on this machine, and why others can't be.
fn present(
    chosen: Vec<&'static Contender>,
    databases: &Databases,
) -> (Vec<&'static Contender>, Vec<String>) {
    let mut skipped = Vec::new();
    let mut present = chosen;
    present.retain(|contender| {
        let missing = contender.missing(databases);
        skipped.extend(missing.map(|what| format!("{}: {what} is missing", contender.label)));
        missing.is_none()
    });
    for line in &skipped {
        println!("skipped: {line}");
    }
    (present, skipped)
}
