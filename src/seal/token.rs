//! The token: header ‖ nonce ‖ ciphertext ‖ tag, as base64url without padding.

use std::fmt;

use base64::Engine;
use rand::Rng;

use super::{
    alphabet::BASE64URL,
    cipher::{Forged, NONCE, TAG, TooLong},
    keyring::{Key, KeyId, Keyring},
};

const VERSION: u8 = 1;
const HEADER: usize = 1 + KeyId::BYTES;

/// What a token held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsealed {
    /// The bytes that were sealed.
    pub plaintext: Vec<u8>,
    /// The key the token was sealed with.
    pub key_id: KeyId,
    /// Whether that key is a fallback: time to seal anew.
    pub by_fallback: bool,
}

impl Keyring {
    /// Seals `plaintext` with the current key, for this purpose only, under a random nonce.
    ///
    /// The token is 4/3 of (the plaintext and 45 bytes) long, rounded up. Nonces of 24 random
    /// bytes don't repeat: 2⁸⁰ tokens of one key would make a repetition as likely as 2⁻³³.
    pub fn seal(&self, purpose: &str, plaintext: &[u8]) -> String {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        seal_with(&self.current, nonce, purpose, plaintext)
    }

    /// Opens a token that was sealed for this purpose by a key of this keyring.
    ///
    /// # Errors
    ///
    /// The same for every token that is not exactly as it was sealed; why, is
    /// [`UnsealError::reason`], meant for the log and not for the sender.
    pub fn unseal(&self, purpose: &str, token: impl AsRef<[u8]>) -> Result<Unsealed, UnsealError> {
        let mut bytes = BASE64URL.decode(token).map_err(|_| Rejection::Malformed)?;
        let (header, rest) = bytes.split_first_chunk_mut::<HEADER>().ok_or(Rejection::Malformed)?;
        let (nonce, rest) = rest.split_first_chunk_mut::<NONCE>().ok_or(Rejection::Malformed)?;
        let (text, tag) = rest.split_last_chunk_mut::<TAG>().ok_or(Rejection::Malformed)?;
        let [VERSION, id @ ..] = *header else { return Err(Rejection::Malformed.into()) };
        let key = self.find(KeyId(id)).ok_or(Rejection::UnknownKey)?;

        key.cipher
            .decrypt(nonce, &associated_data(header, purpose), text, tag)
            .map_err(|Forged| Rejection::Forged)?;
        // Where it was decoded to, it was decrypted: what is around it goes.
        bytes.truncate(bytes.len() - TAG);
        bytes.drain(..HEADER + NONCE);
        Ok(Unsealed { plaintext: bytes, key_id: key.id, by_fallback: key.id != self.current.id })
    }
}

impl KeyId {
    /// The id of the key that a token says it was sealed with, whether that key is at hand or
    /// not. Nothing vouches for it before the token is unsealed. `None` for what can't be a token
    /// of this version.
    pub fn named_by(token: impl AsRef<[u8]>) -> Option<Self> {
        let bytes = BASE64URL.decode(token).ok()?;
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        match *header {
            [VERSION, id @ ..] if rest.len() >= NONCE + TAG => Some(Self(id)),
            _ => None,
        }
    }
}

fn seal_with(key: &Key, nonce: [u8; NONCE], purpose: &str, plaintext: &[u8]) -> String {
    let mut header = [VERSION; HEADER];
    header[1..].copy_from_slice(&key.id.0);

    let mut bytes = Vec::with_capacity(HEADER + NONCE + plaintext.len() + TAG);
    bytes.extend_from_slice(&header);
    bytes.extend_from_slice(&nonce);
    bytes.extend_from_slice(plaintext);
    let associated_data = associated_data(&header, purpose);
    match key.cipher.encrypt(&nonce, &associated_data, &mut bytes[HEADER + NONCE..]) {
        Ok(tag) => bytes.extend_from_slice(&tag),
        // No token then: nothing unseals "".
        Err(TooLong) => bytes.clear(),
    }
    BASE64URL.encode(bytes)
}

fn associated_data(header: &[u8; HEADER], purpose: &str) -> Vec<u8> {
    [header, purpose.as_bytes()].concat()
}

/// A token that was not unsealed. Which of the things that can be wrong was, the text does not
/// say: who sends tokens is to learn nothing from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct UnsealError(Rejection);

// By hand: as a `source` the reason would be told to whoever prints the chain of causes.
impl From<Rejection> for UnsealError {
    fn from(reason: Rejection) -> Self {
        Self(reason)
    }
}

impl UnsealError {
    /// Why, for the log.
    pub fn reason(&self) -> Rejection {
        self.0
    }
}

/// Why a token was not unsealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Rejection {
    /// Not base64url in its one accepted spelling, too short, or of another version.
    Malformed,
    /// Sealed with a key that is not on the keyring.
    UnknownKey,
    /// Changed on the way, or sealed for another purpose.
    Forged,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown key",
            Self::Forged => "forged",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::secret::Secret;
    use super::*;

    /// The other direction (unsealing the golden tokens) is tested from outside, in tests/seal.
    #[test]
    fn the_golden_tokens_are_sealed_again_to_the_letter() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../../tests/vectors/seal-v1.json")).unwrap();
        for vector in vectors["tokens"].as_array().unwrap() {
            let text = |field: &str| vector[field].as_str().unwrap();
            let keyring = Keyring::new(&Secret::new(text("secret")).unwrap());
            let nonce: Vec<u8> = (0..NONCE)
                .map(|i| u8::from_str_radix(&text("nonce")[2 * i..][..2], 16).unwrap())
                .collect();
            let token = seal_with(
                &keyring.current,
                nonce.try_into().unwrap(),
                text("purpose"),
                text("plaintext").as_bytes(),
            );
            assert_eq!(token, text("token"), "{}", text("name"));
            assert_eq!(keyring.current_id().to_string(), text("key_id"));
        }
    }
}
