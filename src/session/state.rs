//! The state: the JSON object that handlers read and write through `actix_session::Session`.

use std::{collections::HashMap, fmt, ops::Range};

use actix_session::Session;
use serde::{
    Deserialize, Serialize,
    de::{DeserializeSeed, Deserializer, Error, MapAccess, Visitor},
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
    fields: Vec<Field>,
}

/// Where a value of the object stands in its text.
#[derive(Debug, Clone)]
struct Field {
    key: Key,
    value: Range<usize>,
}

/// A key: where it stands, or what it is where it is written with escapes.
#[derive(Debug, Clone)]
enum Key {
    Plain(Range<usize>),
    Escaped(String),
}

impl State {
    /// The key under which a log-in keeps whose session it is, as a string: the log and the
    /// session's row name it.
    pub const USER_ID: &str = "user_id";

    /// Reads a JSON object.
    ///
    /// # Errors
    ///
    /// When the text is not exactly one JSON object with every key once.
    pub fn from_json(json: String) -> Result<Self, InvalidState> {
        let mut input = serde_json::Deserializer::from_str(&json);
        let found = InText(&json).deserialize(&mut input)?;
        input.end()?;
        Ok(found)
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
        let (_, value) = self.entries().find(|(name, _)| *name == key)?;
        serde_json::from_str(value).ok()
    }

    /// The keys, and the text of the values.
    fn entries(&self) -> impl ExactSizeIterator<Item = (&str, &str)> {
        self.fields.iter().map(|Field { key, value }| {
            let key = match key {
                Key::Plain(range) => &self.json[range.clone()],
                Key::Escaped(key) => key,
            };
            (key, &self.json[value.clone()])
        })
    }

    fn has_a_key_twice(&self) -> bool {
        let mut keys = self.entries().map(|(key, _)| key).enumerate();
        keys.any(|(at, key)| self.entries().take(at).any(|(earlier, _)| earlier == key))
    }

    /// Puts every value into a handler's session.
    pub(super) fn feed(&self, session: &Session) {
        for (key, value) in self.entries() {
            let Ok(value) = serde_json::from_str::<&RawValue>(value) else { continue };
            // Copying JSON text can't fail.
            let _infallible = session.insert(key, value);
        }
    }

    /// Whether a handler's session still says the same. (They are few: going through them is less
    /// than hashing each.)
    pub(super) fn is_same_as(&self, entries: &HashMap<String, String>) -> bool {
        self.fields.len() == entries.len()
            && entries
                .iter()
                .all(|(key, value)| self.entries().any(|(ours, text)| ours == key && text == value))
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

/// Reads a JSON object where it stands in a text, without parsing its values.
pub(super) struct InText<'de>(pub(super) &'de str);

impl<'de> DeserializeSeed<'de> for InText<'de> {
    type Value = State;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<State, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for InText<'de> {
    type Value = State;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<State, A::Error> {
        let mut fields: Vec<(&RawValue, &RawValue)> = Vec::with_capacity(8);
        while let Some(field) = map.next_entry()? {
            fields.push(field);
        }
        let (Some((first, _)), Some((_, last))) = (fields.first(), fields.last()) else {
            return Ok(State { json: "{}".to_owned(), fields: Vec::new() });
        };
        // Between the braces there is nothing else but white space.
        let (from, to) = (self.span(first.get()).start, self.span(last.get()).end);
        let from = self.0[..from].rfind('{').unwrap_or_default();
        let to = self.0[to..].find('}').map_or(self.0.len(), |brace| to + brace + 1);
        let within = |range: Range<usize>| range.start - from..range.end - from;
        let fields = fields.into_iter().map(|(key, value)| {
            let value = within(self.span(value.get()));
            let key = match key.get().contains('\\') {
                true => Key::Escaped(serde_json::from_str(key.get()).map_err(A::Error::custom)?),
                false => {
                    let quoted = within(self.span(key.get()));
                    Key::Plain(quoted.start + 1..quoted.end - 1)
                }
            };
            Ok(Field { key, value })
        });
        let fields = fields.collect::<Result<_, A::Error>>()?;
        let state = State { json: self.0[from..to].to_owned(), fields };
        match state.has_a_key_twice() {
            true => Err(A::Error::custom("a key is there twice")),
            false => Ok(state),
        }
    }
}

impl InText<'_> {
    /// Where a part of the text stands in it.
    fn span(&self, part: &str) -> Range<usize> {
        let from = part.as_ptr().addr() - self.0.as_ptr().addr();
        from..from + part.len()
    }
}

/// Not a JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the session's state is not a JSON object")]
pub struct InvalidState(#[from] serde_json::Error);
