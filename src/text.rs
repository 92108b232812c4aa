//! Text that pages, mails and the command line have in common: counts, times, browsers, and which characters are
//! safe to print.

pub(crate) mod times;
pub(crate) mod user_agent;

use waxseal_session::Timestamp;

/// `1 session`, `2 sessions`.
pub(crate) fn count(number: u64, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// `5 minutes ago`, `just now` within the last minute, `in 7 days`.
pub(crate) fn relative_time(time: Timestamp, now: Timestamp) -> String {
    if time > now {
        // The nearest number: a week less a minute still reads as a week.
        let (number, unit) = in_largest_unit(time.since(now).as_secs(), |unit| unit / 2);
        return format!("in {}", count(number, unit));
    }
    let seconds = now.since(time).as_secs();
    if seconds < 60 {
        return "just now".to_owned();
    }
    let (number, unit) = in_largest_unit(seconds, |_| 0);
    format!("{} ago", count(number, unit))
}

/// A number of the largest unit that fits; `round_up` says how much of a unit counts as one more.
fn in_largest_unit(seconds: u64, round_up: fn(u64) -> u64) -> (u64, &'static str) {
    const DAY: u64 = 86_400;
    /// Seconds, the name, and the smallest number to use: 45 days is not "1 month".
    const UNITS: [(u64, &str, u64); 5] = [
        (365 * DAY, "year", 2),
        (30 * DAY, "month", 2),
        (DAY, "day", 1),
        (3600, "hour", 1),
        (60, "minute", 1),
    ];
    let largest = UNITS.iter().find(|(unit, _, least)| seconds >= least * unit);
    let &(unit, name, _) = largest.unwrap_or(&(1, "second", 0));
    ((seconds + round_up(unit)) / unit, name)
}

/// Whether a character could end a line, steer a terminal, change the direction of the text, or
/// not be seen at all. Text from strangers must not be printed or logged with it.
pub(crate) fn is_unsafe_to_print(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            // Arabic letter mark; zero-width characters and direction marks.
            '\u{61c}' | '\u{200b}'..='\u{200f}'
            // Line and paragraph separators; direction embeddings and overrides.
            | '\u{2028}'..='\u{202e}'
            // Word joiner, invisible operators, direction isolates, deprecated format characters.
            | '\u{2060}'..='\u{206f}'
            // Byte order mark.
            | '\u{feff}'
        )
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const NOW: Timestamp = Timestamp::from_unix(1_700_000_000);

    #[test]
    fn past_times_are_cut_off_to_whole_units() {
        let ago = |seconds| relative_time(NOW - Duration::from_secs(seconds), NOW);
        assert_eq!([0, 59].map(ago), ["just now", "just now"]);
        assert_eq!([60, 119].map(ago), ["1 minute ago", "1 minute ago"]);
        assert_eq!([300, 7199, 86_400].map(ago), ["5 minutes ago", "1 hour ago", "1 day ago"]);
        let days = |days: u64| ago(days * 86_400);
        assert_eq!([45, 60].map(days), ["45 days ago", "2 months ago"]);
        assert_eq!([400, 800].map(days), ["13 months ago", "2 years ago"]);
    }

    #[test]
    fn future_times_are_rounded_to_the_nearest_unit() {
        let ahead = |seconds| relative_time(NOW + Duration::from_secs(seconds), NOW);
        assert_eq!([1, 30, 60].map(ahead), ["in 1 second", "in 30 seconds", "in 1 minute"]);
        assert_eq!([3600, 604_740].map(ahead), ["in 1 hour", "in 7 days"]);
    }

    #[test]
    fn characters_that_mislead_are_unsafe_to_print() {
        let unsafe_to_print = "\0\t\r\n\u{1b}\u{7f}\u{9b}\u{61c}\u{200b}\u{200f}\u{2028}\u{202e}\u{2060}\u{2066}\u{feff}";
        assert!(unsafe_to_print.chars().all(is_unsafe_to_print));
        assert!(!" aé✓ᾧ日🦭\"".chars().any(is_unsafe_to_print));
    }
}
