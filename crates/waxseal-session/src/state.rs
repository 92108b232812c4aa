//! A session's state: the JSON object that handlers read and write.

use std::{collections::BTreeMap, fmt, fmt::Write as _};

use actix_session::Session;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::{RawValue, Value};

use crate::flat_json::Entries;

/// A session's state: a JSON object whose values are kept as JSON text, so that the middleware passes
/// them through unchanged and parses only what is asked for.
///
/// ```
/// use waxseal_session::State;
///
/// let state = State::from_json(r#"{"user_id": "42", "role": "admin"}"#)?;
/// assert_eq!(state.get::<String>("role").as_deref(), Some("admin"));
/// assert_eq!(state.to_json(), r#"{"role":"admin","user_id":"42"}"#);
/// assert!(State::from_json("[]").is_err());
/// # Ok::<(), waxseal_session::InvalidState>(())
/// ```
#[derive(Debug, Clone)]
pub struct State(String);

impl State {
    /// The key under which a log-in stores the user's id. The log and session stores read it.
    pub const USER_ID: &str = "user_id";

    /// The user of the session, if it has one: a string or a whole number under
    /// [`USER_ID`](Self::USER_ID), or what actix-identity keeps.
    ///
    /// ```
    /// use waxseal_session::State;
    ///
    /// for json in [r#"{"user_id":"42"}"#, r#"{"user_id":42}"#, r#"{"actix_identity.user_id":"42"}"#] {
    ///     assert_eq!(State::from_json(json)?.user_id().as_deref(), Some("42"));
    /// }
    /// assert_eq!(State::from_json("{}")?.user_id(), None);
    /// # Ok::<(), waxseal_session::InvalidState>(())
    /// ```
    pub fn user_id(&self) -> Option<String> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum UserId {
            Text(String),
            Number(i64),
        }
        match self.get(Self::USER_ID).or_else(|| self.get("actix_identity.user_id"))? {
            UserId::Text(text) => Some(text),
            UserId::Number(number) => Some(number.to_string()),
        }
    }

    /// Reads a JSON object. Its keys are sorted, its values kept as text.
    ///
    /// # Errors
    ///
    /// When the text is not exactly one JSON object, or a key is repeated.
    pub fn from_json(json: &str) -> Result<Self, InvalidState> {
        Ok(Self::from_unique_keys(&serde_json::from_str(json)?))
    }

    /// The state for a value that serializes to a JSON object.
    ///
    /// # Errors
    ///
    /// When it serializes to something else, or not at all.
    pub fn from_value(value: &impl Serialize) -> Result<Self, InvalidState> {
        Self::from_json(&serde_json::to_string(value)?)
    }

    /// The state in the rest of a token's plaintext, if its only closing brace is the last byte, so
    /// that it can't be followed by another claim. Whether it is JSON, with unique keys, is left to
    /// [`populate`](Self::populate), so as not to parse it twice.
    pub(crate) fn from_token(json: &str) -> Option<Self> {
        let closes_last = json.find('}').is_some_and(|index| index + 1 == json.len());
        (json.starts_with('{') && closes_last).then(|| Self(json.to_owned()))
    }

    /// The present state of a handler's session.
    pub fn from_session(session: &Session) -> Self {
        let entries = session.entries();
        let mut sorted: Vec<_> = entries.iter().map(|(key, value)| (&**key, &**value)).collect();
        sorted.sort_unstable();
        let size = sorted.iter().map(|(key, value)| key.len() + value.len() + 4).sum();
        Self::from_sorted(sorted.into_iter(), size)
    }

    pub(crate) fn from_unique_keys(UniqueKeys(entries): &UniqueKeys<'_>) -> Self {
        let size = entries.iter().map(|(key, value)| key.len() + value.get().len() + 4).sum();
        Self::from_sorted(entries.iter().map(|(key, value)| (key.as_str(), value.get())), size)
    }

    /// The entries of the object; none if it is not one.
    pub(crate) fn entries(&self) -> BTreeMap<String, &RawValue> {
        serde_json::from_str(&self.0).map(|UniqueKeys(entries)| entries).unwrap_or_default()
    }

    /// Whether this holds for every key.
    pub(crate) fn all_keys(&self, holds: impl Fn(&str) -> bool) -> bool {
        match Entries::of(&self.0) {
            Some(entries) => entries.in_text(&self.0).all(|(key, _)| holds(key)),
            None => self.entries().keys().all(|key| holds(key)),
        }
    }

    /// Writes the object of these keys and JSON texts.
    fn from_sorted<'a>(entries: impl Iterator<Item = (&'a str, &'a str)>, size: usize) -> Self {
        let mut json = String::with_capacity(size + "{}".len());
        json.push('{');
        for (key, value) in entries {
            if json.len() > 1 {
                json.push(',');
            }
            write_key(&mut json, key);
            json.push(':');
            json += value;
        }
        json.push('}');
        Self(json)
    }

    /// The JSON text.
    pub fn to_json(&self) -> &str {
        &self.0
    }

    /// Whether the object has no entries.
    pub fn is_empty(&self) -> bool {
        self.0.strip_prefix('{').is_some_and(|rest| rest.trim_ascii_start().starts_with('}'))
    }

    /// A value of the object; `None` when it is missing or of another type.
    pub fn get<'a, T: Deserialize<'a>>(&'a self, key: &str) -> Option<T> {
        serde_json::from_str(self.entries().get(key)?.get()).ok()
    }

    /// Does the same for a state that is written as the middleware writes it. `None`, and nothing is
    /// copied, for any other.
    fn populate_flat(&self, session: &Session) -> Option<Entries> {
        let entries = Entries::of(&self.0)?;
        for (key, value) in entries.in_text(&self.0) {
            // A string without escapes is written as it is read; `RawValue` would read it again.
            let copied = match value.strip_prefix('"').and_then(|text| text.strip_suffix('"')) {
                Some(text) => session.insert(key, text),
                None => session.insert(key, serde_json::from_str::<&RawValue>(value).ok()?),
            };
            copied.ok()?;
        }
        let is_unique = session.entries().len() == entries.len();
        is_unique.then_some(entries)
    }

    /// Whether a handler's session holds exactly this. `entries` are what [`populate`](Self::populate)
    /// returned.
    pub(crate) fn is_in(&self, session: &Session, entries: Option<&Entries>) -> bool {
        let Some(ours) = entries else { return self.equals(&Self::from_session(session)) };
        let theirs = session.entries();
        match theirs.len() {
            len if len != ours.len() => false,
            len if len > FEW => self.equals(&Self::from_session(session)),
            _ => theirs.iter().all(|(key, value)| ours.has(&self.0, key, value)),
        }
    }

    /// Whether this is the same object as one of [`from_session`](Self::from_session).
    pub(crate) fn equals(&self, canonical: &Self) -> bool {
        // Only tokens of other programs have their keys in another order.
        self.0 == canonical.0 || Self::from_json(&self.0).is_ok_and(|it| it.0 == canonical.0)
    }

    /// Copies every value into an empty handler's session, as text: nothing is parsed that no handler
    /// asks for.
    ///
    /// # Errors
    ///
    /// When this is no JSON object or a key is repeated; the session may then hold some of the values.
    pub(crate) fn populate(&self, session: &Session) -> Result<Option<Entries>, InvalidState> {
        if let Some(entries) = self.populate_flat(session) {
            return Ok(Some(entries));
        }
        session.clear();
        let mut json = serde_json::Deserializer::from_str(&self.0);
        json.deserialize_map(Populate(session))?;
        json.end()?;
        Ok(None)
    }
}

impl Default for State {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

/// Up to so many keys, a search one by one takes less time than to sort or hash them.
const FEW: usize = 16;

/// Most keys need no escaping: that saves hundreds of instructions each over serde_json's formatter.
fn write_key(json: &mut String, key: &str) {
    if key.bytes().all(|byte| byte == b'_' || byte.is_ascii_alphanumeric()) {
        json.push('"');
        *json += key;
        json.push('"');
    } else {
        // Writing to a string can't fail.
        let _infallible = write!(json, "{}", Value::from(key));
    }
}

/// Copies the entries of an object into a handler's session.
struct Populate<'a>(&'a Session);

impl<'de> Visitor<'de> for Populate<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut count = 0;
        while let Some((key, value)) = map.next_entry::<String, &RawValue>()? {
            // Copying JSON text can't fail.
            let _infallible = self.0.insert(key, value);
            count += 1;
        }
        match self.0.entries().len() {
            len if len == count => Ok(()),
            _ => Err(A::Error::custom("duplicate key")),
        }
    }
}

/// The entries of an object that has no key twice.
pub(crate) struct UniqueKeys<'a>(pub(crate) BTreeMap<String, &'a RawValue>);

impl<'de> Deserialize<'de> for UniqueKeys<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Entries;

        impl<'de> Visitor<'de> for Entries {
            type Value = UniqueKeys<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut entries = BTreeMap::new();
                while let Some((key, value)) = map.next_entry()? {
                    if entries.insert(key, value).is_some() {
                        return Err(A::Error::custom("duplicate key"));
                    }
                }
                Ok(UniqueKeys(entries))
            }
        }

        deserializer.deserialize_map(Entries)
    }
}

/// Not a JSON object.
#[derive(Debug, thiserror::Error)]
#[error("the session's state is not a JSON object")]
pub struct InvalidState(#[from] serde_json::Error);
