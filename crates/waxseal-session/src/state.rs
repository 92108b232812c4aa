//! A session's state: the JSON object that handlers read and write.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

use actix_session::Session;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::{RawValue, Value};

/// A session's state: a JSON object whose values are kept as JSON text, so that the middleware passes
/// them through unchanged. Clones share it.
///
/// ```
/// use waxseal_session::State;
///
/// let state = State::from_json(r#"{"user_id": "42", "role": "admin"}"#)?;
/// assert_eq!(state.get::<String>("role").as_deref(), Some("admin"));
/// assert_eq!(state.to_json(), r#"{"user_id":"42","role":"admin"}"#);
/// assert!(State::from_json("[]").is_err());
/// # Ok::<(), waxseal_session::InvalidState>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct State(Arc<[Entry]>);

/// A key and its value.
type Entry = (String, Box<RawValue>);

impl State {
    /// The key under which a log-in stores the user's id, as a string. The log and session stores
    /// read it.
    pub const USER_ID: &str = "user_id";

    /// Reads a JSON object.
    ///
    /// # Errors
    ///
    /// When the text is not exactly one JSON object, or a key is repeated.
    pub fn from_json(json: &str) -> Result<Self, InvalidState> {
        Ok(serde_json::from_str(json)?)
    }

    /// The state for a value that serializes to a JSON object.
    ///
    /// # Errors
    ///
    /// When it serializes to something else, or not at all.
    pub fn from_value(value: &impl Serialize) -> Result<Self, InvalidState> {
        Self::from_json(&serde_json::to_string(value)?)
    }

    /// The present state of a handler's session.
    pub fn from_session(session: &Session) -> Self {
        let entries = session.entries();
        let mut sorted: Vec<_> = entries.iter().collect();
        sorted.sort_unstable();
        let entry = |(key, value): (&String, &String)| {
            // Always JSON: serde_json wrote what `Session` holds.
            Some((key.clone(), RawValue::from_string(value.clone()).ok()?))
        };
        Self(sorted.into_iter().filter_map(entry).collect())
    }

    /// The JSON text.
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.json_len());
        self.write(&mut json);
        json
    }

    /// The length of the JSON text, in bytes; more where keys need escaping.
    pub(crate) fn json_len(&self) -> usize {
        let entries = self.0.iter().map(|(key, value)| key.len() + value.get().len());
        entries.sum::<usize>() + r#""":,"#.len() * self.0.len() + "{}".len()
    }

    /// Appends the JSON text.
    pub(crate) fn write(&self, json: &mut String) {
        json.push('{');
        for (at, (key, value)) in self.0.iter().enumerate() {
            if at > 0 {
                json.push(',');
            }
            write_key(json, key);
            json.push(':');
            *json += value.get();
        }
        json.push('}');
    }

    /// A value of the object; `None` when it is missing or of another type.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Option<T> {
        let (_, value) = self.0.iter().find(|(name, _)| name == key)?;
        serde_json::from_str(value.get()).ok()
    }

    /// Copies every value into a handler's session, as text: nothing is parsed that no handler asks
    /// for.
    pub(crate) fn populate(&self, session: &Session) {
        for (key, value) in &*self.0 {
            // Copying JSON text can't fail.
            let _infallible = session.insert(key, value);
        }
    }

    /// Whether a handler's session still has these values.
    pub(crate) fn equals(&self, entries: &HashMap<String, String>) -> bool {
        let is_there = |(key, value): &Entry| entries.get(key).is_some_and(|it| it == value.get());
        self.0.len() == entries.len() && self.0.iter().all(is_there)
    }
}

/// Most keys need no escaping: that saves hundreds of instructions each over serde_json's formatter.
fn write_key(json: &mut String, key: &str) {
    if key.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
        json.push('"');
        *json += key;
        json.push('"');
    } else {
        *json += &Value::from(key).to_string();
    }
}

/// From JSON only: the values are kept as raw text.
impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(StateVisitor)
    }
}

struct StateVisitor;

/// Most states have no more entries.
const CAPACITY: usize = 8;

impl<'de> Visitor<'de> for StateVisitor {
    type Value = State;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<State, A::Error> {
        let mut entries: Vec<Entry> = Vec::with_capacity(CAPACITY);
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        if has_duplicates(entries.iter().map(|(key, _)| &**key)) {
            return Err(A::Error::custom("duplicate key"));
        }
        Ok(State(entries.into()))
    }
}

/// Whether a key is repeated. Sorted keys, as the middleware writes them, are only compared with the
/// next one.
fn has_duplicates<'a>(keys: impl Iterator<Item = &'a str> + Clone) -> bool {
    let mut seen = HashSet::new();
    !keys.clone().is_sorted_by(|a, b| a < b) && !keys.clone().all(|key| seen.insert(key))
}

/// Not a JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the session's state is not a JSON object")]
pub struct InvalidState(#[from] serde_json::Error);
