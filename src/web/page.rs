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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_read_as_people_write_them() {
        let time = Timestamp::from_unix(1_700_000_000);
        assert_eq!(in_words(time), "14 November 2023, 22:13 UTC");
    }
}
