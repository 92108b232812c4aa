//! The secret that keys are derived from.

use std::{fmt, io};

use base64::{Engine, prelude::BASE64_STANDARD};
use rand::Rng;
use zeroize::Zeroizing;

/// The string that keys are derived from. It is wiped from memory when dropped, and `Debug` hides
/// it.
///
/// ```
/// use waxseal_seal::Secret;
///
/// assert!(Secret::new("too short").is_err());
/// let secret = Secret::generate();
/// assert_eq!(Secret::new(secret.expose())?.expose(), secret.expose());
/// # Ok::<(), waxseal_seal::SecretError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// The minimum length, in bytes: that of the derived key, because HKDF (RFC 5869) can't add
    /// entropy that the secret lacks.
    pub const MIN_BYTES: usize = 32;

    /// Takes a secret. Surrounding ASCII white space is ignored.
    ///
    /// # Errors
    ///
    /// When fewer than [`MIN_BYTES`](Self::MIN_BYTES) bytes remain.
    pub fn new(text: &str) -> Result<Self, SecretError> {
        let trimmed = text.trim_matches(|c: char| c.is_ascii_whitespace());
        if trimmed.len() < Self::MIN_BYTES {
            return Err(SecretError::TooShort { bytes: trimmed.len() });
        }
        Ok(Self(Zeroizing::new(trimmed.to_owned())))
    }

    /// Takes a secret of any bytes. It is the same as the secret of their base64 text (RFC 4648,
    /// section 4, with padding).
    ///
    /// # Errors
    ///
    /// When there are fewer than [`MIN_BYTES`](Self::MIN_BYTES) bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SecretError> {
        match bytes.len() {
            Self::MIN_BYTES.. => Ok(Self::of_base64(bytes)),
            bytes => Err(SecretError::TooShort { bytes }),
        }
    }

    /// The same for an array that is long enough at compile time.
    pub fn from_array<const N: usize>(bytes: &[u8; N]) -> Self {
        const { assert!(N >= Self::MIN_BYTES) };
        Self::of_base64(bytes)
    }

    fn of_base64(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(BASE64_STANDARD.encode(bytes)))
    }

    /// A random secret: 32 bytes in base64, as `openssl rand -base64 32` prints.
    pub fn generate() -> Self {
        let mut bytes = Zeroizing::new([0; 32]);
        rand::rng().fill_bytes(bytes.as_mut());
        Self::of_base64(bytes.as_ref())
    }

    /// The secret itself, for a settings file. Never log it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// Why a string was refused as a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SecretError {
    /// It is shorter than [`Secret::MIN_BYTES`].
    #[error("it is {bytes} bytes long, at least {} are needed", Secret::MIN_BYTES)]
    TooShort {
        /// Its length, in bytes.
        bytes: usize,
    },
}

impl From<SecretError> for io::Error {
    fn from(error: SecretError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
