//! The keyring: the current key and the fallbacks, found by their key ids.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::{
    cipher::{self, Cipher},
    secret::Secret,
};

/// The keys that tokens are sealed and unsealed with.
///
/// A keyring seals with its current key and unseals with its fallbacks too, so a secret can be
/// rotated without invalidating tokens: add the new secret as a fallback on every node first, then
/// make it the current one and the old one a fallback.
///
/// ```
/// use waxseal_seal::{Keyring, Secret};
///
/// let (old, new) = (Secret::generate(), Secret::generate());
/// let token = Keyring::new(&old).seal("demo", b"hello");
///
/// let keyring = Keyring::with_fallbacks(&new, [&old])?;
/// let unsealed = keyring.unseal("demo", &token)?;
/// assert_eq!(unsealed.plaintext, b"hello");
/// assert!(unsealed.by_fallback);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Keyring {
    pub(super) current: Key,
    fallbacks: Vec<Key>,
}

/// Identifies a key without revealing it: four bytes of a second HKDF output.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub(super) [u8; KeyId::BYTES]);

/// One key, with its id.
pub(super) struct Key {
    pub(super) id: KeyId,
    pub(super) cipher: Cipher,
}

impl Keyring {
    /// A keyring of one secret.
    pub fn new(secret: &Secret) -> Self {
        Self { current: Key::derive(secret), fallbacks: Vec::new() }
    }

    /// A keyring that seals with `current` and unseals with `fallbacks` too. Repeated secrets count
    /// once.
    ///
    /// # Errors
    ///
    /// When two different secrets have the same key id (one pair in 2³²): replace one of them.
    pub fn with_fallbacks<'a>(
        current: &Secret,
        fallbacks: impl IntoIterator<Item = &'a Secret>,
    ) -> Result<Self, KeyringError> {
        let mut keyring = Self::new(current);
        let mut secrets = vec![current];
        for secret in fallbacks {
            if secrets.contains(&secret) {
                continue;
            }
            let key = Key::derive(secret);
            if keyring.find(key.id).is_some() {
                return Err(KeyringError::SameId(key.id));
            }
            secrets.push(secret);
            keyring.fallbacks.push(key);
        }
        Ok(keyring)
    }

    /// The id of the key that new tokens are sealed with.
    pub fn current_id(&self) -> KeyId {
        self.current.id
    }

    /// The ids of the keys that only unseal.
    pub fn fallback_ids(&self) -> impl Iterator<Item = KeyId> {
        self.fallbacks.iter().map(|key| key.id)
    }

    pub(super) fn find(&self, id: KeyId) -> Option<&Key> {
        std::iter::once(&self.current).chain(&self.fallbacks).find(|key| key.id == id)
    }
}

/// Shows the ids of the keys, never the keys.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let fallbacks: Vec<KeyId> = self.fallback_ids().collect();
        f.debug_struct("Keyring")
            .field("current", &self.current.id)
            .field("fallbacks", &fallbacks)
            .finish()
    }
}

impl KeyId {
    /// The length of a key id, in bytes.
    pub const BYTES: usize = 4;
}

/// Lower-case hexadecimal: `0b7c41e2`.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl Key {
    fn derive(secret: &Secret) -> Self {
        let key: Zeroizing<[u8; cipher::KEY]> = expand(secret, b"waxseal/v1/key");
        let id = expand(secret, b"waxseal/v1/key-id");
        Self { id: KeyId(*id), cipher: Cipher::new(&key) }
    }
}

/// HKDF-SHA256 (RFC 5869) without a salt.
fn expand<const N: usize>(secret: &Secret, info: &[u8]) -> Zeroizing<[u8; N]> {
    const { assert!(N <= 255 * 32, "RFC 5869: HKDF-SHA256 gives at most 255 blocks of 32 bytes") };
    let mut output = Zeroizing::new([0; N]);
    let hkdf = Hkdf::<Sha256>::new(None, secret.expose().as_bytes());
    let _never_too_long = hkdf.expand(info, output.as_mut());
    output
}

/// Why secrets can't share a keyring.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyringError {
    /// Two different secrets have this key id.
    #[error("two different secrets have the key id {0}: replace one of them")]
    SameId(KeyId),
}

impl From<KeyringError> for std::io::Error {
    fn from(error: KeyringError) -> Self {
        Self::new(std::io::ErrorKind::InvalidInput, error)
    }
}
