//! The state: the JSON object that handlers read and write through `actix_session::Session`.

use std::collections::HashMap;

use actix_session::Session;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, Value};

use super::fields::Fields;

/// A session's state: a JSON object, whose values are kept as the text they were read as.
///
/// They stay text on the way into [`Session`] and back, so what the layer does not understand it
/// does not change.
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
pub struct State {
    /// Key, value, key, value, one after the other.
    texts: String,
    /// Where a key ends there, and its value.
    ends: Vec<(usize, usize)>,
}

/// With so many entries, going through all of them for each is less than hashing each.
const FEW: usize = 8;

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
        Ok(Self::from(&serde_json::from_str::<Fields<'_>>(json)?))
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
        let mut state = Self::default();
        for (key, value) in sorted {
            state.push(key, value);
        }
        state
    }

    /// The JSON text.
    pub fn to_json(&self) -> String {
        let mut json = String::with_capacity(self.json_len());
        self.write(&mut json);
        json
    }

    /// How many bytes the JSON text has; more only where keys are escaped in it.
    pub(super) fn json_len(&self) -> usize {
        self.texts.len() + r#""":,"#.len() * self.ends.len() + "{}".len()
    }

    /// Writes the JSON text.
    pub(super) fn write(&self, json: &mut String) {
        json.push('{');
        for (at, (key, value)) in self.entries().enumerate() {
            if at > 0 {
                json.push(',');
            }
            write_key(json, key);
            json.push(':');
            *json += value;
        }
        json.push('}');
    }

    /// A value of the object; `None` where it is missing or of another type.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Option<T> {
        let (_, value) = self.entries().find(|(name, _)| *name == key)?;
        serde_json::from_str(value).ok()
    }

    /// Puts every value into a handler's session.
    pub(super) fn feed(&self, session: &Session) {
        for (key, value) in self.entries() {
            let Ok(value) = serde_json::from_str::<&RawValue>(value) else { continue };
            // Copying JSON text can't fail.
            let _infallible = session.insert(key, value);
        }
    }

    /// Whether a handler's session still says the same.
    pub(super) fn is_same_as(&self, entries: &HashMap<String, String>) -> bool {
        if self.ends.len() != entries.len() {
            return false;
        }
        if self.ends.len() > FEW {
            return self
                .entries()
                .all(|(key, value)| entries.get(key).is_some_and(|it| it == value));
        }
        entries.iter().all(|(key, value)| self.says(key.as_bytes(), value.as_bytes()))
    }

    /// Whether this value stands under this key; lengths are compared first.
    fn says(&self, key: &[u8], value: &[u8]) -> bool {
        let (texts, mut from) = (self.texts.as_bytes(), 0);
        self.ends.iter().any(|&(key_end, value_end)| {
            let (ours, text) = (&texts[from..key_end], &texts[key_end..value_end]);
            from = value_end;
            text.len() == value.len() && ours == key && text == value
        })
    }

    /// The keys, and the text of the values.
    fn entries(&self) -> impl Iterator<Item = (&str, &str)> {
        let mut from = 0;
        self.ends.iter().map(move |&(key, value)| {
            let entry = (&self.texts[from..key], &self.texts[key..value]);
            from = value;
            entry
        })
    }

    fn push(&mut self, key: &str, value: &str) {
        self.texts += key;
        let key_end = self.texts.len();
        self.texts += value;
        self.ends.push((key_end, self.texts.len()));
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

impl From<&Fields<'_>> for State {
    fn from(fields: &Fields<'_>) -> Self {
        let bytes = fields.iter().map(|(key, value)| key.len() + value.len()).sum();
        let (texts, ends) = (String::with_capacity(bytes), Vec::with_capacity(fields.iter().len()));
        let mut state = Self { texts, ends };
        for (key, value) in fields.iter() {
            state.push(key, value);
        }
        state
    }
}

/// Not a JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the session's state is not a JSON object")]
pub struct InvalidState(#[from] serde_json::Error);
