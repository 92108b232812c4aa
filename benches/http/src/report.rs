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

Written by `benches/http/run`, which measures again.

Every server answers with a page of 1.5 kB. Those with sessions put a value on it that they read from
the session, whose state has six values in 200 bytes; none of them changes it. How much of it is the
sending and the reading of a header, the second line tells; how much is Actix's map of values, whoever
fills it, the third; what is Node's own and what iron-session's, Node.js without sessions. All requests to
a server come with one cookie, so waxseal knows its token from the request before; where it says that
none is known, it opens it every time. The last two are the server that comes with waxseal, with its
own pages, a person who has signed up, and the access log on; for the email address on /profile it asks
the database. Each server has one worker and is kept to one processor; `wrk` asks it on loopback, with
one thread and {CONNECTIONS} connections.

**Compare the processor time.** It is what a request takes of the server's processor, the system's work
for it included. `wrk` and the databases share the other processors with whoever else is there: requests
per second and latencies depend on that, processor time does so much less. Where the database is a server of its
own, its processor time stands after the plus. The latencies are those of a server that is kept as busy as it
can be: mostly, {CONNECTIONS} connections wait for their turn. Start is the time from the start of the process to
its first answer.

{table}
{conditions}"
    )
}
