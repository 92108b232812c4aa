//! Passwords, as people type them.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password as it was typed, normalised (NFC, as NIST SP 800-63B-4, section 3.1.1.2, asks), so that
/// it is the same from every keyboard. It is wiped from memory when dropped, and `Debug` does not show
/// it.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The most bytes that are accepted: plenty for any pass phrase, and little to hash.
    pub const MAX_BYTES: usize = 1024;

    /// Takes what was typed.
    ///
    /// # Errors
    ///
    /// When nothing was, or more than [`MAX_BYTES`](Self::MAX_BYTES) bytes.
    pub fn parse(typed: &str) -> Result<Self, PasswordRejected> {
        if typed.is_empty() {
            return Err(PasswordRejected::Missing);
        }
        if typed.len() > Self::MAX_BYTES {
            return Err(PasswordRejected::TooLong);
        }
        // A buffer that never grows: growing would leave a copy behind that is not wiped.
        let mut normalized = Zeroizing::new(String::with_capacity(NFC_GROWTH * typed.len()));
        normalized.extend(typed.nfc());
        Ok(Self(normalized))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How many times as many bytes the NFC of a text in UTF-8 can have (Unicode's FAQ on normalization).
const NFC_GROWTH: usize = 3;

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Why a password is not taken, in words for the person who typed it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRejected {
    /// Nothing was typed.
    #[error("Enter a password.")]
    Missing,
    /// It has more than [`Password::MAX_BYTES`] bytes.
    #[error("This password is too long: it may have at most {} bytes.", Password::MAX_BYTES)]
    TooLong,
    /// It is shorter than the policy asks.
    #[error("This password is too short: it needs at least {min_length} characters.")]
    TooShort {
        /// How many characters it needs.
        min_length: usize,
    },
    /// It is easy to guess, for this reason.
    #[error("This password is easy to guess. {0}")]
    Weak(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalizing_never_outgrows_its_buffer() {
        // Two characters that NFC makes three times as long, and one that it makes shorter.
        for text in ["\u{1d160}".repeat(100), "\u{0390}".repeat(100), "e\u{301}".repeat(100)] {
            let password = Password::parse(&text).unwrap();
            assert!(password.as_str().len() <= NFC_GROWTH * text.len());
            assert_eq!(password.0.capacity(), NFC_GROWTH * text.len());
        }
    }
}
