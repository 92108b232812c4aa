//! What commands print: text for people, JSON for scripts; and how they fail.

use std::{
    error::Error,
    fmt,
    io::{self, BufWriter, ErrorKind, Stdout, Write},
};

use serde::{Serialize, Serializer};
use time::macros::format_description;
use waxseal_session::Timestamp;

use crate::{accounts::Email, text::is_unsafe_to_print};

/// Why a command failed.
pub(super) type Failure = Box<dyn Error>;

/// Standard output. Once its reader is gone, as with `head`, what is written is dropped: that is no
/// error. Call [`finish`](Output::finish) at the end.
pub(super) struct Output(BufWriter<Pipe>);

struct Pipe {
    stdout: Stdout,
    closed: bool,
}

impl Output {
    pub(super) fn new() -> Self {
        Self(BufWriter::new(Pipe { stdout: io::stdout(), closed: false }))
    }

    /// Whether the reader is gone.
    pub(super) fn is_closed(&self) -> bool {
        self.0.get_ref().closed
    }

    /// Prints one JSON document.
    pub(super) fn json(mut self, document: &impl Serialize) -> Result<(), Failure> {
        serde_json::to_writer_pretty(&mut self, document)?;
        writeln!(self)?;
        self.finish()
    }

    /// Prints one line.
    pub(super) fn line(mut self, line: &str) -> Result<(), Failure> {
        writeln!(self, "{line}")?;
        self.finish()
    }

    /// Writes out what is buffered.
    pub(super) fn finish(mut self) -> Result<(), Failure> {
        Ok(self.flush()?)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl Pipe {
    fn unless_closed<T>(&mut self, outcome: io::Result<T>, otherwise: T) -> io::Result<T> {
        match outcome {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => {
                self.closed = true;
                Ok(otherwise)
            }
            outcome => outcome.map_err(|error| {
                let problem = format!("standard output can't be written: {error}");
                io::Error::new(error.kind(), problem)
            }),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.closed {
            return Ok(bytes.len());
        }
        let outcome = self.stdout.write(bytes);
        self.unless_closed(outcome, bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let outcome = self.stdout.flush();
        self.unless_closed(outcome, ())
    }
}

/// Prints a list that comes in batches, as a table or a JSON array. Only one batch is in memory.
pub(super) struct List<const COLUMNS: usize> {
    output: Output,
    format: Format<COLUMNS>,
    is_empty: bool,
}

enum Format<const COLUMNS: usize> {
    Json,
    Table {
        headings: [&'static str; COLUMNS],
        /// The columns' widths, which a batch can only increase.
        widths: [usize; COLUMNS],
    },
}

/// A row of a list. Its fields are its JSON.
pub(super) trait Item<const COLUMNS: usize>: Serialize {
    const HEADINGS: [&'static str; COLUMNS];

    fn cells(&self) -> [String; COLUMNS];
}

impl<const COLUMNS: usize> List<COLUMNS> {
    pub(super) fn new<I: Item<COLUMNS>>(json: bool) -> Self {
        let table = Format::Table { headings: I::HEADINGS, widths: I::HEADINGS.map(str::len) };
        let format = if json { Format::Json } else { table };
        Self { output: Output::new(), format, is_empty: true }
    }

    /// Prints a batch. `false` once the reader is gone.
    pub(super) fn print<I: Item<COLUMNS>>(&mut self, items: &[I]) -> Result<bool, Failure> {
        match &mut self.format {
            Format::Json => {
                for item in items {
                    let before = if self.is_empty { "[\n  " } else { ",\n  " };
                    self.output.write_all(before.as_bytes())?;
                    serde_json::to_writer(&mut self.output, item)?;
                    self.is_empty = false;
                }
            }
            Format::Table { headings, widths } => {
                let rows: Vec<[String; COLUMNS]> =
                    items.iter().map(|item| item.cells().map(|cell| printable(&cell))).collect();
                for row in &rows {
                    for (width, cell) in widths.iter_mut().zip(row) {
                        *width = cell.chars().count().max(*width);
                    }
                }
                if self.is_empty && !rows.is_empty() {
                    print_row(&mut self.output, &headings.map(str::to_owned), widths)?;
                    self.is_empty = false;
                }
                for row in &rows {
                    print_row(&mut self.output, row, widths)?;
                }
            }
        }
        Ok(!self.output.is_closed())
    }

    /// Prints what follows the last batch. `none` is printed instead of an empty table.
    pub(super) fn finish(mut self, none: &str) -> Result<(), Failure> {
        match (self.format, self.is_empty) {
            (Format::Json, true) => writeln!(self.output, "[]")?,
            (Format::Json, false) => writeln!(self.output, "\n]")?,
            (Format::Table { .. }, true) => writeln!(self.output, "{none}")?,
            (Format::Table { .. }, false) => {}
        }
        self.output.finish()
    }
}

fn print_row(output: &mut Output, cells: &[String], widths: &[usize]) -> io::Result<()> {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        line += &format!("{cell:width$}  ");
    }
    writeln!(output, "{}", line.trim_end())
}

/// The text with a replacement character for each character that is unsafe to print: it may be a
/// stranger's.
pub(super) fn printable(text: &str) -> String {
    text.replace(is_unsafe_to_print, "\u{fffd}")
}

/// An email address: for scripts as it is, for people with a warning if it is a look-alike.
#[derive(Clone)]
pub(super) struct Address(pub(super) Email);

impl Serialize for Address {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.0.as_str())
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&address(&self.0))
    }
}

/// An email address for people. One whose domain can be mistaken for another is spelled out.
pub(super) fn address(email: &Email) -> String {
    match email.look_alike() {
        Some(ascii) => format!("{email} (look-alike: {ascii})"),
        None => email.to_string(),
    }
}

/// A time for scripts: `2026-11-21T23:05:00Z`.
#[derive(Clone, Copy)]
pub(super) struct Rfc3339(pub(super) Timestamp);

impl Serialize for Rfc3339 {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// A time for people: `2026-11-21 23:05 UTC`.
pub(super) fn minute(time: Timestamp) -> String {
    let format = format_description!("[year]-[month]-[day] [hour]:[minute] UTC");
    time.to_date_time().format(format).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_steers_a_terminal_is_printed() {
        assert_eq!(printable("a\u{1b}[2Jb\u{9b}c\u{202e}d"), "a\u{fffd}[2Jb\u{fffd}c\u{fffd}d");
    }
}
