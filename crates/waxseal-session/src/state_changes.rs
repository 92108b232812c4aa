//! What a request has changed in a session's state.

use std::collections::BTreeMap;

use serde_json::value::{RawValue, Value};

use crate::state::{State, UniqueKeys};

/// What a request has changed in a session's state: keys that it set or removed.
///
/// Stores apply it to the state as they hold it now, so that two requests at once that change different
/// keys both succeed. Of two changes to the same key, the later one wins.
///
/// ```
/// use waxseal_session::{State, StateChanges};
///
/// let loaded = State::from_json(r#"{"cart": [1], "theme": "dark"}"#)?;
/// let changes = StateChanges::between(&loaded, &State::from_json(r#"{"cart": [1, 2]}"#)?);
/// let meanwhile = State::from_json(r#"{"cart": [1], "lang": "de", "theme": "dark"}"#)?;
/// assert_eq!(changes.apply(&meanwhile).to_json(), r#"{"cart":[1, 2],"lang":"de"}"#);
/// # Ok::<(), waxseal_session::InvalidState>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct StateChanges(BTreeMap<String, Option<Box<RawValue>>>);

impl StateChanges {
    /// No changes.
    pub const NONE: Self = Self(BTreeMap::new());

    /// What leads from one state to another.
    pub fn between(before: &State, after: &State) -> Self {
        let (before, after) = (before.entries(), after.entries());
        let set = after
            .iter()
            .filter(|(key, value)| before.get(*key).map(|value| value.get()) != Some(value.get()))
            .map(|(key, value)| (key.clone(), Some((*value).to_owned())));
        let removed = before.keys().filter(|key| !after.contains_key(*key));
        Self(set.chain(removed.map(|key| (key.clone(), None))).collect())
    }

    /// What leads from one state to another, where values that differ only in their spelling, such as the
    /// order of a map, are the same.
    pub(crate) fn between_values(before: &State, after: &State) -> Self {
        let (before, after) = (before.entries(), after.entries());
        let parsed = |value: &RawValue| serde_json::from_str::<Value>(value.get()).ok();
        let is_new = |(key, value): &(&String, &&RawValue)| {
            before.get(*key).is_none_or(|before| parsed(before) != parsed(value))
        };
        let set = after.iter().filter(is_new);
        let set = set.map(|(key, value)| (key.clone(), Some((*value).to_owned())));
        let removed = before.keys().filter(|key| !after.contains_key(*key));
        Self(set.chain(removed.map(|key| (key.clone(), None))).collect())
    }

    /// Whether nothing has changed.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The keys that were set or removed.
    pub fn keys(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// The state with these changes.
    pub fn apply(&self, state: &State) -> State {
        if self.is_empty() {
            return state.clone();
        }
        let mut entries = state.entries();
        for (key, value) in &self.0 {
            match value {
                Some(value) => entries.insert(key.clone(), value),
                None => entries.remove(key),
            };
        }
        State::from_unique_keys(&UniqueKeys(entries))
    }
}
