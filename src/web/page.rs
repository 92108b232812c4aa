//! Rendering a page.

use actix_web::{HttpResponse, http::StatusCode, http::header::ContentType};
use askama::Template;
use time::{format_description::BorrowedFormatItem, macros::format_description};

use super::error::Fault;
use crate::clock::Timestamp;

/// A page with this status.
pub(super) fn render(status: StatusCode, page: &impl Template) -> Result<HttpResponse, Fault> {
    Ok(HttpResponse::build(status).insert_header(ContentType::html()).body(page.render()?))
}

/// A time as people write it: `14 November 2023, 22:13 UTC`.
pub(crate) fn in_words(time: Timestamp) -> String {
    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    time.to_date_time().format(FORMAT).unwrap_or_else(|_| time.to_string())
}

/// How long ago that was, or how long until then: `5 minutes ago`, `in 7 days`.
pub(crate) fn in_relation(time: Timestamp, now: Timestamp) -> String {
    const UNITS: [(u64, &str); 5] = [
        (365 * 86_400, "year"),
        (30 * 86_400, "month"),
        (86_400, "day"),
        (3600, "hour"),
        (60, "minute"),
    ];
    let ahead = time > now;
    let seconds = if ahead { time.since(now) } else { now.since(time) }.as_secs();
    // Of days and months more is told than "1": 45 days are not a month.
    let unit = UNITS.iter().find(|(unit, name)| match *name {
        "year" | "month" => seconds >= 2 * unit,
        _ => seconds >= *unit,
    });
    let Some((unit, name)) = unit else {
        return if ahead { "in a moment" } else { "just now" }.to_owned();
    };
    // What has passed is told in full units; what lies ahead as the nearest: a week less a minute is
    // still a week.
    let number = if ahead { (seconds + unit / 2) / unit } else { seconds / unit };
    let plural = if number == 1 { "" } else { "s" };
    match ahead {
        true => format!("in {number} {name}{plural}"),
        false => format!("{number} {name}{plural} ago"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_read_as_people_say_them() {
        let now = Timestamp::from_unix(1_700_000_000);
        let ago = |seconds| in_relation(now - Duration::from_secs(seconds), now);
        assert_eq!(
            [0, 59, 60, 119].map(ago),
            ["just now", "just now", "1 minute ago", "1 minute ago"]
        );
        assert_eq!([300, 7200, 86_400].map(ago), ["5 minutes ago", "2 hours ago", "1 day ago"]);
        let days = |days: u64| ago(days * 86_400);
        assert_eq!(
            [45, 60, 400, 800].map(days),
            ["45 days ago", "2 months ago", "13 months ago", "2 years ago"]
        );
        let hence = |seconds| in_relation(now + Duration::from_secs(seconds), now);
        assert_eq!([30, 3600, 604_740].map(hence), ["in a moment", "in 1 hour", "in 7 days"]);
    }

    #[test]
    fn times_read_as_people_write_them() {
        let time = Timestamp::from_unix(1_700_000_000);
        assert_eq!(in_words(time), "14 November 2023, 22:13 UTC");
    }
}
