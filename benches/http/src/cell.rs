//! One measurement of one server.

use std::time::Duration;

use crate::{
    Outcome,
    contenders::Contender,
    cores::Cores,
    databases::Databases,
    http, processes,
    server::Running,
    wrk::{self, Counted},
};

/// The results.
#[derive(Clone, Copy)]
pub struct Cell {
    pub requests_per_second: f64,
    /// The server's processor time per request, in microseconds.
    pub processor_time: f64,
    /// The database server's processor time per request, in microseconds.
    pub database_time: f64,
    /// Latencies, in milliseconds.
    pub median: f64,
    pub percentile_99: f64,
    /// Peak memory, in MiB.
    pub memory: f64,
    /// The time from its start to its first response, in milliseconds.
    pub start: f64,
}

/// Seconds of warm-up, which are not counted. They also make the session old enough to be extended.
const WARM_UP: u32 = 1;

pub fn measure(
    contender: &Contender,
    databases: &Databases,
    cores: &Cores,
    seconds: u32,
) -> Outcome<Cell> {
    let server = Running::start(contender, databases, cores)?;
    let cookie = server.log_in(contender.server)?;
    let (port, path) = (server.port, contender.path);
    wrk::run(port, path, &cookie, WARM_UP)?;
    let length = check(contender, port, &cookie)?;
    let taken = || {
        let others = processes::processor_time_of_others(server.pid());
        Ok::<_, Box<dyn std::error::Error>>((processes::processor_time(server.pid())?, others))
    };
    let before = taken()?;
    let counted = wrk::run(port, path, &cookie, seconds)?;
    let after = taken()?;
    check(contender, port, &cookie)?;
    check_lengths(&counted, length)?;
    let each = |time: Duration| time.as_secs_f64() * 1e6 / counted.requests;
    let has_server = contender.database.has_server();
    Ok(Cell {
        requests_per_second: counted.requests / counted.micros * 1e6,
        processor_time: each(after.0 - before.0),
        database_time: if has_server { each(after.1.saturating_sub(before.1)) } else { 0.0 },
        median: counted.median / 1000.0,
        percentile_99: counted.percentile_99 / 1000.0,
        memory: processes::peak_memory(server.pid())?,
        start: server.start.as_secs_f64() * 1000.0,
    })
}

/// Requests the page once and checks that it shows the session. Returns the length of the response.
fn check(contender: &Contender, port: u16, cookie: &str) -> Outcome<f64> {
    let answer = http::get(port, contender.path, cookie).ok_or("no answer")?;
    let refreshed = http::cookie(&answer).is_some();
    let right = answer.status == 200
        && answer.contains_text(contender.proof)
        && refreshed == (contender.name == "refresh");
    if right { Ok(http::length(&answer) as f64) } else { Err(format!("{answer:?}").into()) }
}

/// `wrk` counts a redirect as a success, but a redirect is shorter.
fn check_lengths(counted: &Counted, length: f64) -> Outcome<()> {
    let ratio = counted.bytes / counted.requests / length;
    if (0.9..1.1).contains(&ratio) { Ok(()) } else { Err("answers of another length".into()) }
}
