//! The log: one line per event, on standard error.
//!
//! A message, also a library's, may contain what a client sent. So everything that could end the
//! line or control a terminal is escaped here, last of all.

use std::io::Write;

use env_logger::{Builder, fmt::Formatter};
use log::{LevelFilter, Record};

use crate::text::is_unsafe_to_print;

/// Starts to log what this filter lets through.
pub(super) fn start(filter: &str) {
    builder(filter).init();
}

fn builder(filter: &str) -> Builder {
    let mut builder = Builder::new();
    // The app logs what is not valid HTTP itself, with the address (app::http_server).
    builder.filter_module("actix_http::h1", LevelFilter::Off);
    builder.parse_filters(filter).format(write);
    builder
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
        if is_unsafe_to_print(character) {
            line.extend(character.escape_default());
        } else {
            line.push(character);
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use env_logger::Target;
    use log::Log;

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_message_is_logged_as_one_plain_line() {
        let written = Written::default();
        let pipe = Target::Pipe(Box::new(written.clone()));
        let logger = builder("info").target(pipe).build();
        let mut record = Record::builder();
        record.level(log::Level::Warn).target("a_library");
        logger.log(&record.args(format_args!("one\nand\r\u{1b}[2Janother")).build());
        let line = String::from_utf8(written.0.lock().unwrap().clone()).unwrap();
        assert!(line.ends_with(" WARN  a_library] one\\nand\\r\\u{1b}[2Janother\n"), "{line:?}");
        assert_eq!(line.matches(char::is_control).count(), 1, "{line:?}");
    }

    #[test]
    fn nothing_ends_a_line_or_talks_to_a_terminal() {
        assert_eq!(in_one_line("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(in_one_line("\u{1b}[2J\u{9b}31m\u{7f}\0"), "\\u{1b}[2J\\u{9b}31m\\u{7f}\\u{0}");
        assert_eq!(in_one_line("\u{202e}evil\u{2028}"), "\\u{202e}evil\\u{2028}");
        assert_eq!(in_one_line("é ✓ \"quoted\""), "é ✓ \"quoted\"");
    }
}
