//! The log: one line per event, on standard error.
//!
//! A message, also a library's, may contain what a client sent. So everything that could end the
//! line or control a terminal is escaped here, last of all.

mod json;

use std::{
    io::{self, Write},
    sync::OnceLock,
};

use env_logger::{Builder, fmt::Formatter};
use log::{Level, LevelFilter, Record};
use waxseal_session::Clock;

use crate::{
    config::{LogConfig, LogFormat},
    text::is_unsafe_to_print,
};

/// The format, once the log has started.
static FORMAT: OnceLock<LogFormat> = OnceLock::new();

/// Starts to log what the settings let through.
pub(super) fn start(config: &LogConfig) {
    FORMAT.get_or_init(|| config.format);
    builder(config).init();
}

/// Writes why the command failed, whatever the log lets through.
#[expect(clippy::print_stderr, reason = "the command line's own output")]
pub(super) fn failure(problem: &str) {
    if FORMAT.get() != Some(&LogFormat::Json) {
        eprintln!("waxseal: {problem}");
        return;
    }
    let mut record = Record::builder();
    record.level(Level::Error).target("waxseal");
    // There is nowhere to say that standard error is closed.
    let _written = json::write(
        &mut io::stderr(),
        Clock::system().now(),
        &record.args(format_args!("{problem}")).build(),
    );
}

fn builder(config: &LogConfig) -> Builder {
    let mut builder = Builder::new();
    // The app logs what is not valid HTTP itself, with the address (app::http_server).
    builder.filter_module("actix_http::h1", LevelFilter::Off);
    builder.parse_filters(&config.filter);
    match config.format {
        LogFormat::Text => builder.format(write_text),
        LogFormat::Json => builder.format(|out, record| {
            let time = out.timestamp_millis();
            json::write(out, time, record)
        }),
    };
    builder
}

fn write_text(out: &mut Formatter, record: &Record<'_>) -> io::Result<()> {
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
    use log::{Log, kv::Value};

    use super::*;

    #[derive(Clone, Default)]
    struct Written(Arc<Mutex<Vec<u8>>>);

    impl Write for Written {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn logged(format: LogFormat) -> String {
        let written = Written::default();
        let pipe = Target::Pipe(Box::new(written.clone()));
        let config = LogConfig { filter: "info".to_owned(), format };
        let logger = builder(&config).target(pipe).build();
        let fields = [
            ("user", Value::from("me\u{9b}31m\n\"")),
            ("status", Value::from(303)),
            ("ms", Value::from(1.5)),
            ("change", Value::from(-5)),
            ("whole", Value::from(2.0)),
            ("known", Value::from(true)),
            ("session", Value::from("")),
            ("message", Value::from("another")),
        ];
        let mut record = Record::builder();
        record.level(Level::Warn).target("a_library").key_values(&fields);
        logger.log(&record.args(format_args!("one\nand\r\u{1b}[2Janother")).build());
        String::from_utf8(written.0.lock().unwrap().clone()).unwrap()
    }

    #[test]
    fn an_event_is_one_json_object_with_its_fields_and_without_unknown_ones() {
        let line = logged(LogFormat::Json);
        assert_eq!(line.matches(char::is_control).count(), 1, "{line:?}");
        let mut object: serde_json::Value = serde_json::from_str(&line).unwrap();
        let time = object.as_object_mut().unwrap().remove("time").unwrap();
        assert_eq!(time.as_str().unwrap().len(), "2026-03-01T12:00:00.123Z".len(), "{time}");
        let expected = serde_json::json!({
            "level": "WARN",
            "target": "a_library",
            "message": "one\\nand\\r\\u{1b}[2Janother",
            "user": "me\\u{9b}31m\\n\"",
            "status": 303,
            "ms": 1.5,
            "change": -5,
            "whole": 2.0,
            "known": true,
        });
        assert_eq!(object, expected);
    }

    #[test]
    fn a_message_is_logged_as_one_plain_line() {
        let line = logged(LogFormat::Text);
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
