//! The state: the JSON object that handlers read and write through `actix_session::Session`.

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

/// A session's state: a JSON object, whose values are kept as the text they were read as.
///
/// They stay text on the way into [`Session`] and back, so what the layer does not understand it
/// does not change. Clones share it.
///
/// ```
/// use waxseal::session::State;
///
/// let state = State::from_json(r#"{"user_id": "42", "role": "admin"}"#)?;
/// assert_eq!(state.get::<String>("role").as_deref(), Some("admin"));
/// assert_eq!(state.to_json(), r#"{"user_id":"42","role":"admin"}"#);
/// assert!(State::from_json("[]").is_err());
/// # Ok::<(), waxseal::session::InvalidState>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct State(Arc<[Entry]>);

/// A key and its value.
type Entry = (String, Box<RawValue>);

impl State {
    /// The key under which a log-in keeps whose session it is, as a string: the log and the
    /// session's row name it.
    pub const USER_ID: &str = "user_id";

    /// Reads a JSON object.
    ///
    /// # Errors
    ///
    /// When the text is not exactly one JSON object with every key once.
    pub fn from_json(json: &str) -> Result<Self, InvalidState> {
        Ok(serde_json::from_str(json)?)
    }

    /// The state of a value that serializes to a JSON object.
    ///
    /// # Errors
    ///
    /// When it serializes to something else, or not at all.
    pub fn from_value(value: &impl Serialize) -> Result<Self, InvalidState> {
        Self::from_json(&serde_json::to_string(value)?)
    }

    /// The state that a handler's session has come to.
    pub fn from_session(session: &Session) -> Self {
        let entries = session.entries();
        let mut sorted: Vec<_> = entries.iter().collect();
        sorted.sort_unstable();
        let entry = |(key, value): (&String, &String)| {
            // What `Session` holds, serde_json has written: it is JSON.
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

    /// How many bytes the JSON text has, about: keys that are escaped in it take more.
    pub(super) fn json_len(&self) -> usize {
        let entries = self.0.iter().map(|(key, value)| key.len() + value.get().len());
        entries.sum::<usize>() + r#""":,"#.len() * self.0.len() + "{}".len()
    }

    /// Writes the JSON text.
    pub(super) fn write(&self, json: &mut String) {
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

    /// A value of the object; `None` where it is missing or of another type.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Option<T> {
        let (_, value) = self.0.iter().find(|(name, _)| name == key)?;
        serde_json::from_str(value.get()).ok()
    }

    /// Puts every value into a handler's session, as the text it is: so it goes out again as it came
    /// in, and nothing is parsed for handlers that don't ask for it.
    pub(super) fn feed(&self, session: &Session) {
        for (key, value) in &*self.0 {
            // Copying JSON text can't fail.
            let _infallible = session.insert(key, value);
        }
    }

    /// Whether a handler's session still says the same.
    pub(super) fn is_same_as(&self, entries: &HashMap<String, String>) -> bool {
        let is_there = |(key, value): &Entry| entries.get(key).is_some_and(|it| it == value.get());
        self.0.len() == entries.len() && self.0.iter().all(is_there)
    }
}

/// Most keys stand as they are: hundreds of instructions less for each than a formatter takes.
fn write_key(json: &mut String, key: &str) {
    if key.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
        json.push('"');
        *json += key;
        json.push('"');
    } else {
        *json += &Value::from(key).to_string();
    }
}

/// From JSON only: the values stay the text that they are there.
impl<'de> Deserialize<'de> for State {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InObject)
    }
}

struct InObject;

/// How many values there is room for from the start: states have fewer.
const USUAL: usize = 8;

impl<'de> Visitor<'de> for InObject {
    type Value = State;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<State, A::Error> {
        let mut entries: Vec<Entry> = Vec::with_capacity(USUAL);
        while let Some(entry) = map.next_entry()? {
            entries.push(entry);
        }
        if is_any_twice(entries.iter().map(|(key, _)| &**key)) {
            return Err(A::Error::custom("a key is there twice"));
        }
        Ok(State(entries.into()))
    }
}

/// Whether a key stands there more than once. In the order in which the layer writes them, each has to
/// be compared with the next only.
fn is_any_twice<'a>(keys: impl Iterator<Item = &'a str> + Clone) -> bool {
    let mut seen = HashSet::new();
    !keys.clone().is_sorted_by(|a, b| a < b) && !keys.clone().all(|key| seen.insert(key))
}

/// Not a JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the session's state is not a JSON object")]
pub struct InvalidState(#[from] serde_json::Error);
