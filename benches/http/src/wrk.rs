//! `wrk`: one thread, 32 connections.

use std::process::Command;

use crate::Outcome;

pub const CONNECTIONS: u32 = 32;

/// `wrk`'s counts. Times are in microseconds.
pub struct Counted {
    pub requests: f64,
    pub micros: f64,
    pub bytes: f64,
    pub median: f64,
    pub percentile_99: f64,
}

/// Requests a page repeatedly.
pub fn run(port: u16, path: &str, cookie: &str, seconds: u32) -> Outcome<Counted> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/wrk.lua");
    let output = Command::new("wrk")
        .args(["--latency", "-t1", &format!("-c{CONNECTIONS}"), &format!("-d{seconds}s")])
        .args(["-s", script, "-H", &format!("Cookie: {cookie}")])
        .arg(format!("http://127.0.0.1:{port}{path}"))
        .output()
        .map_err(|error| format!("wrk (Debian: apt-get install wrk): {error}"))?;
    let printed = String::from_utf8_lossy(&output.stdout);
    let line = printed.lines().find_map(|line| line.strip_prefix("counted "));
    let numbers = line.map(|line| line.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>());
    match numbers.transpose()?.as_deref() {
        Some(&[requests, micros, bytes, 0.0, median, percentile_99]) => {
            Ok(Counted { requests, micros, bytes, median, percentile_99 })
        }
        _ => Err(format!("wrk saw errors:\n{printed}").into()),
    }
}
