//! The chart: a bar for each server, as long as the processor time that a request takes.

use crate::{Measured, contenders::Server};

const WIDTH: f64 = 760.0;
/// Where the bars begin, and the most that they may be long.
const LEFT: f64 = 280.0;
const LONGEST: f64 = 400.0;
const TOP: f64 = 94.0;
const STEP: f64 = 30.0;
const BAR: f64 = 18.0;

/// It has a background of its own, so that it can be read on whatever page it is put.
const STYLE: &str = include_str!("../../support/chart.css");

/// Draws an SVG.
pub fn draw(all: &[Measured]) -> String {
    let times: Vec<(f64, f64)> = all.iter().map(Measured::processor_time).collect();
    let longest = times.iter().map(|(server, database)| server + database).fold(1.0, f64::max);
    let scale = LONGEST / longest;
    let bottom = TOP + STEP * all.len() as f64;
    let height = bottom + 58.0;
    let mut svg = format!(
        r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" aria-labelledby="title">
  <title id="title">Processor time that a request takes, in microseconds, for each server</title>
  <style>
{STYLE}  </style>
  <rect class="page" x=".5" y=".5" width="{}" height="{}" rx="8"/>
  <text class="text title" x="24" y="34">Processor time a request takes, over HTTP</text>
  <text class="faint" x="24" y="55">microseconds on the server; less is better</text>
"#,
        WIDTH - 1.0,
        height - 1.0
    );
    svg += &grid(longest, scale, bottom);
    for (row, (measured, times)) in all.iter().zip(times).enumerate() {
        svg += &bar(measured, times, scale, TOP + STEP * row as f64);
    }
    svg += &legend(bottom + 38.0);
    svg += "</svg>\n";
    svg
}

/// Lines from top to bottom, at round numbers: about five of them.
fn grid(longest: f64, scale: f64, bottom: f64) -> String {
    let power = 10f64.powf((longest / 5.0).log10().floor());
    let steps = [1.0, 2.0, 5.0, 10.0].map(|factor| factor * power);
    let step = steps.into_iter().find(|step| longest / step <= 6.0).unwrap_or(longest);
    let mut lines = String::new();
    let mut at = 0.0;
    while at <= longest {
        let x = LEFT + at * scale;
        lines += &format!(
            r#"  <line class="grid" x1="{x:.1}" y1="{:.1}" x2="{x:.1}" y2="{bottom:.1}"/>
  <text class="faint tick" x="{x:.1}" y="{:.1}" text-anchor="middle">{at}</text>
"#,
            TOP - 6.0,
            TOP - 10.0
        );
        at += step;
    }
    lines
}

fn bar(measured: &Measured, (server, database): (f64, f64), scale: f64, top: f64) -> String {
    let class = class(measured.contender.server);
    let baseline = top + BAR / 2.0 + 4.5;
    let (width, more) = (server * scale, database * scale);
    let mut bar = format!(
        r#"  <text class="text" x="{:.1}" y="{baseline:.1}" text-anchor="end">{}</text>
  <rect class="{class}" x="{LEFT}" y="{top:.1}" width="{width:.1}" height="{BAR}"/>
"#,
        LEFT - 10.0,
        measured.contender.label,
    );
    if measured.contender.database.has_server() {
        bar += &format!(
            r#"  <rect class="{class} database" x="{:.1}" y="{top:.1}" width="{more:.1}" height="{BAR}"/>
"#,
            LEFT + width
        );
    }
    bar += &format!(
        r#"  <text class="text" x="{:.1}" y="{baseline:.1}">{:.1}</text>
"#,
        LEFT + width + more + 7.0,
        server + database
    );
    bar
}

fn class(server: Server) -> &'static str {
    match server {
        Server::Bare | Server::BareWithCookie | Server::Filled | Server::BareNode => "bare",
        Server::Layer(_) | Server::Waxseal => "waxseal",
        Server::ActixSession(_) | Server::IronSession => "other",
    }
}

fn legend(y: f64) -> String {
    let entries = [
        ("bare", "no session"),
        ("waxseal", "waxseal"),
        ("other", "others"),
        ("other database", "the database's server"),
    ];
    let mut legend = String::new();
    let mut x = LEFT;
    for (class, text) in entries {
        legend += &format!(
            r#"  <rect class="{class}" x="{x:.1}" y="{:.1}" width="12" height="12"/>
  <text class="faint" x="{:.1}" y="{y:.1}">{text}</text>
"#,
            y - 10.5,
            x + 18.0
        );
        x += 42.0 + 7.0 * text.len() as f64;
    }
    legend
}
