//! The fields of a JSON object, found where they stand in a text.

use std::{borrow::Cow, collections::HashSet, fmt};

use actix_session::Session;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// The keys of a JSON object, each once, and the text of the values. It is read once, while the
/// claims around it are; the values are not parsed.
#[derive(Debug, Clone)]
pub struct Fields<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

/// How many fields there is room for from the start: states have fewer.
const USUAL: usize = 8;

impl<'a> Fields<'a> {
    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&str, &'a str)> {
        self.0.iter().map(|(key, value)| (key.as_ref(), value.get()))
    }

    /// Puts every value into a handler's session, as the text it is: so it goes out again as it came
    /// in, and nothing is parsed for handlers that don't ask for it.
    pub(super) fn feed(&self, session: &Session) {
        for (key, value) in &self.0 {
            // Copying JSON text can't fail.
            let _infallible = session.insert(key.as_ref(), value);
        }
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Fields<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(InObject)
    }
}

struct InObject;

impl<'de> Visitor<'de> for InObject {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut fields: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::with_capacity(USUAL);
        while let Some((Key(key), value)) = map.next_entry()? {
            fields.push((key, value));
        }
        if is_any_twice(fields.iter().map(|(key, _)| &**key)) {
            return Err(A::Error::custom("a key is there twice"));
        }
        Ok(Fields(fields))
    }
}

/// Whether a key stands there more than once. In the order in which the layer writes them, each has to
/// be compared with the next only.
fn is_any_twice<'a>(keys: impl Iterator<Item = &'a str> + Clone) -> bool {
    let mut seen = HashSet::new();
    !keys.clone().is_sorted_by(|a, b| a < b) && !keys.clone().all(|key| seen.insert(key))
}

/// A key where it stands, or a copy where it is written with escapes.
#[derive(Deserialize)]
struct Key<'a>(#[serde(borrow)] Cow<'a, str>);
