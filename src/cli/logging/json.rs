//! `LOG_FORMAT=json`: one JSON object per line.
//!
//! `time`, `level`, `target` and `message`, which is the text that the other format has; and the fields
//! of the event, such as `user` and `address`, unless they are unknown.

use std::{
    fmt::Display,
    io::{self, Write},
};

use log::{
    Record,
    kv::{Key, Value, VisitSource},
};
use serde::{Serialize, Serializer, ser::SerializeMap};

use super::in_one_line;

/// What every line has. An event can't have a field of such a name.
const OWN: [&str; 4] = ["time", "level", "target", "message"];

pub(super) fn write(
    out: &mut impl Write,
    time: impl Display,
    record: &Record<'_>,
) -> io::Result<()> {
    let line = serde_json::to_string(&Line { time: time.to_string(), record })?;
    writeln!(out, "{line}")
}

/// The values of a field that is unknown.
const UNKNOWN: [&str; 2] = ["", "-"];

struct Line<'a> {
    time: String,
    record: &'a Record<'a>,
}

impl Serialize for Line<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let record = self.record;
        let mut line = serializer.serialize_map(None)?;
        line.serialize_entry("time", &self.time)?;
        line.serialize_entry("level", record.level().as_str())?;
        line.serialize_entry("target", record.target())?;
        line.serialize_entry("message", &in_one_line(&record.args().to_string()))?;
        let mut fields = Fields { line: &mut line, failed: None };
        // It can't fail: `Fields` keeps the error.
        let _visited = record.key_values().visit(&mut fields);
        match fields.failed {
            Some(error) => Err(error),
            None => line.end(),
        }
    }
}

/// Writes the fields of an event into its line.
struct Fields<'a, M: SerializeMap> {
    line: &'a mut M,
    failed: Option<M::Error>,
}

impl<'kvs, M: SerializeMap> VisitSource<'kvs> for Fields<'_, M> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: Value<'kvs>) -> Result<(), log::kv::Error> {
        let key = key.as_str();
        let written = if OWN.contains(&key) {
            Ok(())
        } else if let Some(number) = value.to_u64() {
            self.line.serialize_entry(key, &number)
        } else if let Some(number) = value.to_i64() {
            self.line.serialize_entry(key, &number)
        } else if let Some(truth) = value.to_bool() {
            self.line.serialize_entry(key, &truth)
        } else if let Some(number) = value.to_f64() {
            self.line.serialize_entry(key, &number)
        } else {
            match in_one_line(&value.to_string()) {
                text if UNKNOWN.contains(&text.as_str()) => Ok(()),
                text => self.line.serialize_entry(key, &text),
            }
        };
        self.failed = self.failed.take().or(written.err());
        Ok(())
    }
}
