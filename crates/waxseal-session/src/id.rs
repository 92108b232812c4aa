//! Session ids.

use std::{
    fmt,
    hash::{BuildHasherDefault, Hash, Hasher},
    str::FromStr,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use rand::Rng;
use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{self, Visitor},
};

/// A session's id: 16 random bytes, written as 22 characters of base64url.
///
/// It is not a secret: it grants nothing without the key, so it may appear in forms, logs and
/// databases. Its 128 bits are for uniqueness (OWASP asks for 64 where an id is a credential).
///
/// ```
/// use waxseal_session::SessionId;
///
/// let id = SessionId::random();
/// assert_eq!(id.to_string().parse::<SessionId>()?, id);
/// # Ok::<(), waxseal_session::InvalidSessionId>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SessionId([u8; SessionId::BYTES]);

impl SessionId {
    /// The length of an id, in bytes.
    pub const BYTES: usize = 16;

    /// A new random id.
    pub fn random() -> Self {
        let mut bytes = [0; Self::BYTES];
        rand::rng().fill_bytes(&mut bytes);
        Self(bytes)
    }

    /// Appends the id to a text.
    pub(crate) fn write(&self, text: &mut String) {
        BASE64_URL_SAFE_NO_PAD.encode_string(self.0, text);
    }
}

/// An id is as random as any hash of it: its halves are folded.
impl Hash for SessionId {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        let [first, second] = *self.0.as_chunks::<8>().0 else { return };
        hasher.write_u64(u64::from_ne_bytes(first) ^ u64::from_ne_bytes(second).rotate_left(32));
    }
}

/// Builds hashers for maps whose keys are session ids: the id is its own hash. No one chooses ids: they
/// are random, and cookies with others don't unseal.
pub(crate) type BuildIdHasher = BuildHasherDefault<IdHasher>;

/// Spreads the folded id over all bits (Fibonacci hashing: 2^64 over the golden ratio), because not all of
/// them need be random.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write_u64(&mut self, id: u64) {
        self.0 = id.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }

    /// Ids don't come here.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&BASE64_URL_SAFE_NO_PAD.encode(self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SessionId({self})")
    }
}

impl FromStr for SessionId {
    type Err = InvalidSessionId;

    fn from_str(text: &str) -> Result<Self, InvalidSessionId> {
        let mut bytes = [0; Self::BYTES];
        match BASE64_URL_SAFE_NO_PAD.decode_slice(text, &mut bytes) {
            Ok(Self::BYTES) => Ok(Self(bytes)),
            _ => Err(InvalidSessionId),
        }
    }
}

impl Serialize for SessionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_str(FromText)
    }
}

/// Parses an id without allocating a string.
struct FromText;

impl Visitor<'_> for FromText {
    type Value = SessionId;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a session id")
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<SessionId, E> {
        text.parse().map_err(E::custom)
    }
}

/// Not 22 characters of canonical base64url.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a session id")]
pub struct InvalidSessionId;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling() {
        assert!("AAAAAAAAAAAAAAAAAAAAAA".parse::<SessionId>().is_ok());
        for other in [
            "",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAB",
            "AAAAAAAAAAAAAAAAAAAAAA==",
            "AAAAAAAAAAAAAAAAAAAAAAA",
        ] {
            assert_eq!(other.parse::<SessionId>(), Err(InvalidSessionId), "{other:?}");
        }
    }
}
