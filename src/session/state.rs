//! The state: the JSON object that handlers read and write through `actix_session::Session`.

use std::{collections::HashMap, fmt, ops::Range};

use actix_session::Session;
use serde::{
    Deserialize, Serialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// A session's state: a JSON object, kept as the text it was read as.
///
/// The values stay text on the way into [`Session`] and back, so what the layer does not
/// understand it does not change.
///
/// ```
/// use waxseal::session::State;
///
/// let state = State::from_json(r#"{"user_id":"42","role":"admin"}"#.to_owned())?;
/// assert_eq!(state.get::<String>("role").as_deref(), Some("admin"));
/// assert!(State::from_json("[]".to_owned()).is_err());
/// # Ok::<(), waxseal::session::InvalidState>(())
/// ```
#[derive(Debug, Clone)]
pub struct State {
    json: String,
    /// Where each value stands in `json`.
    fields: Vec<(String, Range<usize>)>,
}

impl State {
    /// Reads a JSON object.
    ///
    /// # Errors
    ///
    /// When the text is not exactly one JSON object with every key once.
    pub fn from_json(json: String) -> Result<Self, InvalidState> {
        let Fields(raw) = serde_json::from_str(&json)?;
        let start = json.as_ptr().addr();
        let fields = raw
            .into_iter()
            .map(|(key, value)| {
                let from = value.get().as_ptr().addr() - start;
                (key, from..from + value.get().len())
            })
            .collect();
        Ok(Self { json, fields })
    }

    /// The state of a value that serializes to a JSON object.
    ///
    /// # Errors
    ///
    /// When it serializes to something else, or not at all.
    pub fn from_value(value: &impl Serialize) -> Result<Self, InvalidState> {
        Self::from_json(serde_json::to_string(value)?)
    }

    /// The JSON text.
    pub fn as_json(&self) -> &str {
        &self.json
    }

    /// A value of the object; `None` where it is missing or of another type.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Option<T> {
        let (_, range) = self.fields.iter().find(|(name, _)| name == key)?;
        serde_json::from_str(&self.json[range.clone()]).ok()
    }

    /// Puts every value into a handler's session.
    pub(super) fn feed(&self, session: &Session) {
        for (key, range) in &self.fields {
            let Ok(value) = serde_json::from_str::<&RawValue>(&self.json[range.clone()]) else {
                continue;
            };
            // Copying JSON text can't fail.
            let _infallible = session.insert(key.as_str(), value);
        }
    }

    /// Whether a handler's session still says the same.
    pub(super) fn is_same_as(&self, entries: &HashMap<String, String>) -> bool {
        self.fields.len() == entries.len()
            && self.fields.iter().all(|(key, range)| {
                entries.get(key).is_some_and(|value| *value == self.json[range.clone()])
            })
    }

    /// The state that a handler's session has come to.
    ///
    /// # Errors
    ///
    /// Never for what went in through [`Session`].
    pub fn from_session(session: &Session) -> Result<Self, InvalidState> {
        let entries = session.entries();
        let mut sorted: Vec<_> = entries.iter().collect();
        sorted.sort_unstable();
        let mut json = String::from("{");
        for (key, value) in sorted {
            if json.len() > 1 {
                json.push(',');
            }
            json += &serde_json::to_string(key)?;
            json.push(':');
            json += value;
        }
        json.push('}');
        Self::from_json(json)
    }
}

/// The fields of a JSON object, their values unparsed.
struct Fields<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;

        impl<'de> Visitor<'de> for Object {
            type Value = Fields<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Vec::new();
                while let Some((key, value)) = map.next_entry::<String, _>()? {
                    if fields.iter().any(|(other, _)| *other == key) {
                        return Err(serde::de::Error::custom("a key is there twice"));
                    }
                    fields.push((key, value));
                }
                Ok(Fields(fields))
            }
        }

        deserializer.deserialize_map(Object)
    }
}

/// Not a JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the session's state is not a JSON object")]
pub struct InvalidState(#[from] serde_json::Error);
