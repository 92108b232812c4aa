//! The token: header ‖ nonce ‖ ciphertext ‖ tag, as base64url without padding.

use std::fmt;

use base64::Engine;
use rand::Rng;

use super::{
    cipher::{Forged, NONCE, TAG, TooLong},
    encoding::BASE64URL,
    keyring::{Key, KeyId, Keyring},
};

const VERSION: u8 = 1;
const HEADER: usize = 1 + KeyId::BYTES;

/// An unsealed token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsealed {
    /// The bytes that were sealed.
    pub plaintext: Vec<u8>,
    /// The key the token was sealed with.
    pub key_id: KeyId,
    /// Whether that key is a fallback, so that the token should be re-sealed.
    pub by_fallback: bool,
}

impl Keyring {
    /// Seals `plaintext` with the current key, for this purpose only, under a random nonce.
    ///
    /// The token is 4/3 × (plaintext + 45 bytes) long, rounded up. After 2⁸⁰ tokens of one key, a
    /// repeated 24-byte nonce has a probability of 2⁻³³.
    pub fn seal(&self, purpose: &str, plaintext: &[u8]) -> String {
        let mut nonce = [0; NONCE];
        rand::rng().fill_bytes(&mut nonce);
        seal_with(&self.current, nonce, purpose, plaintext)
    }

    /// Unseals a token that a key of this keyring sealed for this purpose.
    ///
    /// # Errors
    ///
    /// For any token that is not exactly as it was sealed. [`UnsealError::reason`] says why: log it,
    /// and do not tell the sender.
    pub fn unseal(&self, purpose: &str, token: impl AsRef<[u8]>) -> Result<Unsealed, UnsealError> {
        let mut bytes = BASE64URL.decode(token).map_err(|_| InvalidToken::Malformed)?;
        let (header, rest) =
            bytes.split_first_chunk_mut::<HEADER>().ok_or(InvalidToken::Malformed)?;
        let (nonce, rest) = rest.split_first_chunk_mut::<NONCE>().ok_or(InvalidToken::Malformed)?;
        let (text, tag) = rest.split_last_chunk_mut::<TAG>().ok_or(InvalidToken::Malformed)?;
        let [VERSION, id @ ..] = *header else { return Err(InvalidToken::Malformed.into()) };
        let key = self.find(KeyId(id)).ok_or(InvalidToken::UnknownKey)?;

        key.cipher
            .decrypt(nonce, &associated_data(header, purpose), text, tag)
            .map_err(|Forged| InvalidToken::Forged)?;
        // Decryption was in place: drop what surrounds the plaintext.
        bytes.truncate(bytes.len() - TAG);
        bytes.drain(..HEADER + NONCE);
        Ok(Unsealed { plaintext: bytes, key_id: key.id, by_fallback: key.id != self.current.id })
    }
}

impl KeyId {
    /// The key id that a token claims, on the keyring or not. It is not authenticated before the
    /// token is unsealed. `None` for what can't be a token of this version.
    pub fn peek(token: impl AsRef<[u8]>) -> Option<Self> {
        let bytes = BASE64URL.decode(token).ok()?;
        let (header, rest) = bytes.split_first_chunk::<HEADER>()?;
        match *header {
            [VERSION, id @ ..] if rest.len() >= NONCE + TAG => Some(Self(id)),
            _ => None,
        }
    }
}

/// The length of a token with a plaintext of this length, in bytes.
///
/// ```
/// use waxseal_seal::{Keyring, Secret, token_len};
///
/// let token = Keyring::new(&Secret::generate()).seal("demo", b"hello");
/// assert_eq!(token.len(), token_len(5));
/// ```
pub const fn token_len(plaintext: usize) -> usize {
    ((HEADER + NONCE + plaintext + TAG) * 4).div_ceil(3)
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
        // Nothing unseals the empty token.
        Err(TooLong) => bytes.clear(),
    }
    BASE64URL.encode(bytes)
}

fn associated_data(header: &[u8; HEADER], purpose: &str) -> Vec<u8> {
    [header, purpose.as_bytes()].concat()
}

/// A token could not be unsealed. The message does not say why, so that senders of tokens learn
/// nothing from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the token is not valid")]
pub struct UnsealError(InvalidToken);

// Not a `source`: an error chain that is shown to the sender would reveal it.
impl From<InvalidToken> for UnsealError {
    fn from(reason: InvalidToken) -> Self {
        Self(reason)
    }
}

impl UnsealError {
    /// Why, for the log.
    pub fn reason(&self) -> InvalidToken {
        self.0
    }
}

/// Why a token could not be unsealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidToken {
    /// Not base64url in its canonical spelling, too short, or of another version.
    Malformed,
    /// The key is not on the keyring.
    UnknownKey,
    /// Modified, or sealed for another purpose.
    Forged,
}

impl fmt::Display for InvalidToken {
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

    /// `tests/seal.rs` unseals them.
    #[test]
    fn the_golden_tokens_are_sealed_again_to_the_letter() {
        let vectors: serde_json::Value =
            serde_json::from_str(include_str!("../tests/vectors/seal-v1.json")).unwrap();
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
