//! The machine, the date and the versions of a measurement.

use std::{fs, process::Command};

use waxseal_session::Clock;

use crate::{contenders::NODE, databases::Databases};

/// The machine's load average over the last minute.
pub fn load() -> String {
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    load.split(' ').next().unwrap_or_default().to_owned()
}

pub fn describe(databases: &Databases, load: &str, seconds: u32, rounds: u32) -> String {
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cores = cpus.lines().filter(|line| line.starts_with("processor")).count();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let model = model.map_or("unknown", |(_, model)| model);
    let date = Clock::system().now().to_date_time().date();
    let versions = versions(databases).join(", ");
    format!(
        "\
- **Measured** on {date}: {rounds} rounds of {seconds} s for each server, one server after the other in
  each round; the table has the medians.
- **Machine:** {cores} cores, {model}; when it began, {load} processes wanted to run (load average).
- **Versions:** {versions}.
"
    )
}

fn versions(databases: &Databases) -> Vec<String> {
    let lock = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.lock");
    let lock = fs::read_to_string(lock).unwrap_or_default();
    let mut versions: Vec<_> = ["waxseal", "actix-web", "actix-session"]
        .iter()
        .filter_map(|name| Some(format!("{name} {}", locked(&lock, name)?)))
        .collect();
    let postgres = databases.postgres.as_ref();
    versions
        .extend(postgres.map(|server| {
            format!("PostgreSQL {}", first_word(&server.sql("SHOW server_version")))
        }));
    let redis = databases.redis.as_ref().and_then(|_| word("redis-server", "--version", 2));
    versions.extend(redis.map(|version| format!("Redis {}", version.trim_start_matches("v="))));
    versions.extend(iron_session().map(|version| format!("iron-session {version}")));
    let node = word("node", "--version", 0);
    versions.extend(node.map(|version| format!("Node.js {}", version.trim_start_matches('v'))));
    versions.extend(word("wrk", "--version", 1).map(|version| format!("wrk {version}")));
    versions.extend(word("rustc", "--version", 1).map(|version| format!("rustc {version}")));
    versions
}

/// The version of a crate in a Cargo.lock.
fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = lock.split_once(&format!("name = \"{name}\"\nversion = \""))?;
    rest.split('"').next()
}

fn iron_session() -> Option<String> {
    let path = format!("{NODE}/node_modules/iron-session/package.json");
    let package = fs::read_to_string(path).ok()?;
    let package: serde_json::Value = serde_json::from_str(&package).ok()?;
    Some(package.get("version")?.as_str()?.to_owned())
}

/// Strips the version that Debian appends.
fn first_word(text: &str) -> &str {
    text.split(' ').next().unwrap_or_default()
}

/// A word of the first line that a program prints.
fn word(program: &str, argument: &str, at: usize) -> Option<String> {
    let output = Command::new(program).arg(argument).output().ok()?;
    String::from_utf8_lossy(&output.stdout).split_whitespace().nth(at).map(str::to_owned)
}
