//! The log: a line for each thing that happened, on standard error.
//!
//! Whoever writes to it, a library too, may have put in what came with a request. So whatever could
//! end the line, or tell a terminal something, is escaped here, last of all.

use std::io::Write;

use env_logger::{Builder, fmt::Formatter};
use log::Record;

/// Begins to log what this filter lets through.
pub(super) fn begin(filter: &str) {
    Builder::new().parse_filters(filter).format(write).init();
}

fn write(out: &mut Formatter, record: &Record<'_>) -> std::io::Result<()> {
    let (time, level, target) = (out.timestamp_seconds(), record.level(), record.target());
    let style = out.default_level_style(level);
    let text = in_one_line(&record.args().to_string());
    writeln!(out, "[{time} {style}{level:<5}{style:#} {target}] {text}")
}

fn in_one_line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for character in text.chars() {
        if is_plain(character) {
            line.push(character);
        } else {
            line.extend(character.escape_default());
        }
    }
    line
}

/// Whether a character shows itself and nothing else: no control, no end of a line, and none that
/// turns around the direction of the text.
fn is_plain(character: char) -> bool {
    !character.is_control()
        && !matches!(character, '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{200e}' | '\u{200f}' | '\u{61c}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_line_or_talks_to_a_terminal() {
        assert_eq!(in_one_line("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(in_one_line("\u{1b}[2J\u{9b}31m\u{7f}\0"), "\\u{1b}[2J\\u{9b}31m\\u{7f}\\u{0}");
        assert_eq!(in_one_line("\u{202e}evil\u{2028}"), "\\u{202e}evil\\u{2028}");
        assert_eq!(in_one_line("é ✓ \"quoted\""), "é ✓ \"quoted\"");
    }
}
