//! Points in time, as pages show them. (How long ago they were is `text::relative_time`.)

use time::{format_description::BorrowedFormatItem, macros::format_description};
use waxseal_session::Timestamp;

/// `14 November 2023, 22:13 UTC`.
pub(crate) fn date_and_time(time: Timestamp) -> String {
    const FORMAT: &[BorrowedFormatItem<'_>] =
        format_description!("[day padding:none] [month repr:long] [year], [hour]:[minute] UTC");
    time.to_date_time().format(FORMAT).unwrap_or_else(|_| time.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_reads_as_people_write_it() {
        let time = Timestamp::from_unix(1_700_000_000);
        assert_eq!(date_and_time(time), "14 November 2023, 22:13 UTC");
    }
}
