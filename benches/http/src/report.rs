//! The table of results, and the page around it.

use crate::{Measured, cell::Cell, contenders::Server, wrk::CONNECTIONS};

impl Measured {
    /// The median over all rounds.
    pub fn median(&self, what: impl Fn(&Cell) -> f64) -> f64 {
        let mut values: Vec<f64> = self.rounds.iter().map(what).collect();
        values.sort_by(f64::total_cmp);
        let upper = values.len() / 2;
        let lower = values.len().saturating_sub(1) / 2;
        match (values.get(lower), values.get(upper)) {
            (Some(lower), Some(upper)) => f64::midpoint(*lower, *upper),
            _ => f64::NAN,
        }
    }

    /// The server's and its database's processor time, in microseconds.
    pub fn processor_time(&self) -> (f64, f64) {
        (self.median(|cell| cell.processor_time), self.median(|cell| cell.database_time))
    }
}

pub fn table(all: &[Measured], skipped: &[String]) -> String {
    let mut table = "\
| server | requests/s | processor time a request | no session = 1 | median latency | 99th percentile | peak memory | start |
| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
"
    .to_owned();
    let bare = all.iter().find(|measured| measured.contender.server == Server::Bare);
    let bare = bare.map(|bare| bare.processor_time().0);
    for measured in all {
        table += &line(measured, bare);
    }
    if !skipped.is_empty() {
        table += &format!("\nSkipped: {}.\n", skipped.join("; "));
    }
    table
}

fn line(measured: &Measured, bare: Option<f64>) -> String {
    let (server, database) = measured.processor_time();
    let time = match measured.contender.database.has_server() {
        true => format!("{server:.1} + {database:.1} µs"),
        false => format!("{server:.1} µs"),
    };
    let ratio = bare.map_or_else(String::new, |bare| format!("{:.2}", (server + database) / bare));
    format!(
        "| {} | {} | {time} | {ratio} | {:.2} ms | {:.2} ms | {:.1} MiB | {:.0} ms |\n",
        measured.contender.label,
        thousands(measured.median(|cell| cell.requests_per_second)),
        measured.median(|cell| cell.median),
        measured.median(|cell| cell.percentile_99),
        measured.median(|cell| cell.memory),
        measured.median(|cell| cell.start),
    )
}

/// Formats an integer with commas between thousands.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Writes the page.
pub fn page(table: &str, conditions: &str) -> String {
    format!(
        "\
# Benchmarks over HTTP

Written by `benches/http/run`.

Every server answers with a page of 1.5 kB. Those with sessions put a value on it that they read from the session,
whose state has six values in 200 bytes; none changes it. Three servers without sessions show what the rest is made of:
sending and reading the cookie header (an unread cookie), Actix's `Session` (Actix's map filled), and Node.js itself.
All requests to a server bring the same cookie. The last two are the waxseal server, with its own pages, a signed-in user, and the access log; /profile
queries the email address. Each server has one worker on one processor; `wrk` asks it on loopback, with one thread and
{CONNECTIONS} connections.

**Compare the processor time**: what a request takes of the server's processor, the system's work included. After a plus
is that of a database server. `wrk` and the databases share the other processors with everything else, which affects
requests per second and latencies much more. The latencies are those of a fully loaded server: mostly, {CONNECTIONS}
connections wait for their turn. Start is the time from the start of the process to its first answer.

{table}
{conditions}"
    )
}
