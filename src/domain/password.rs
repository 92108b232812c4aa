//! Passwords.

use std::fmt;

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

/// A password, normalized to NFC so that it is the same from every keyboard (NIST SP 800-63B-4, section
/// 3.1.1.2). It is wiped from memory when dropped, and `Debug` hides it.
#[derive(Clone)]
pub struct Password(Zeroizing<String>);

impl Password {
    /// The maximum length in bytes: enough for any passphrase, and cheap to hash.
    pub const MAX_BYTES: usize = 1024;

    /// Normalizes what was typed.
    ///
    /// # Errors
    ///
    /// If it is empty or longer than [`MAX_BYTES`](Self::MAX_BYTES).
    pub fn parse(typed: &str) -> Result<Self, PasswordRejected> {
        if typed.is_empty() {
            return Err(PasswordRejected::Missing);
        }
        if typed.len() > Self::MAX_BYTES {
            return Err(PasswordRejected::TooLong);
        }
        // A buffer that never grows: growing would leave an unwiped copy in memory.
        let mut normalized = Zeroizing::new(String::with_capacity(NFC_GROWTH * typed.len()));
        normalized.extend(typed.nfc());
        Ok(Self(normalized))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// By what factor NFC can lengthen a text in UTF-8 (Unicode's FAQ on normalization).
const NFC_GROWTH: usize = 3;

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(…)")
    }
}

/// Why a password is rejected. The messages are for the user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PasswordRejected {
    /// It is empty.
    #[error("Enter a password.")]
    Missing,
    /// It is longer than [`Password::MAX_BYTES`].
    #[error("This password is too long: it may have at most {} bytes.", Password::MAX_BYTES)]
    TooLong,
    /// It is shorter than the policy requires.
    #[error("This password is too short: it needs at least {min_length} characters.")]
    TooShort {
        /// The required length, in characters.
        min_length: usize,
    },
    /// It is easy to guess. The text is the reason, a sentence.
    #[error("This password is easy to guess. {0}")]
    Weak(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_buffer_never_grows_during_normalization() {
        // NFC makes the first two three times as long, and the third shorter.
        for text in ["\u{1d160}".repeat(100), "\u{0390}".repeat(100), "e\u{301}".repeat(100)] {
            let password = Password::parse(&text).unwrap();
            assert!(password.as_str().len() <= NFC_GROWTH * text.len());
            assert_eq!(password.0.capacity(), NFC_GROWTH * text.len());
        }
    }
}
