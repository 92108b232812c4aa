//! Email addresses.

use std::{fmt, str::FromStr};

use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization;

/// An email address: trimmed, normalized (NFC) and in lower case, so that one address can't have two
/// accounts.
///
/// ```
/// use waxseal::domain::Email;
///
/// assert_eq!(" Ann@Example.com ".parse::<Email>()?.as_str(), "ann@example.com");
/// assert!("ann@".parse::<Email>().is_err());
/// # Ok::<(), waxseal::domain::InvalidEmail>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email(String);

impl Email {
    /// The maximum length in bytes: that of a path in RFC 5321, section 4.5.3.1.3, without its angle
    /// brackets.
    pub const MAX_BYTES: usize = 254;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

/// Invisible letters: the Hangul fillers. The parser rejects other invisible characters.
const INVISIBLE: [char; 4] = ['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}'];

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidEmail::Missing);
        }
        // Before any other work on it, and again below, because lower case can be longer.
        let fits = |text: &str| text.len() <= Self::MAX_BYTES;
        if !fits(text) {
            return Err(InvalidEmail::TooLong);
        }
        // Normalized again, because some letters have a composed form only in lower case (ǰ).
        let address: String = text.nfc().collect::<String>().to_lowercase().nfc().collect();
        if !fits(&address) {
            return Err(InvalidEmail::TooLong);
        }
        if address.contains(INVISIBLE) {
            return Err(InvalidEmail::Malformed);
        }
        let options = Options::default().without_display_text().without_domain_literal();
        match EmailAddress::parse_with_options(&address, options) {
            Ok(_) => Ok(Self(address)),
            Err(_) => Err(InvalidEmail::Malformed),
        }
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Why a text is not an email address. The messages are for the user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// It is empty.
    #[error("Enter your email address.")]
    Missing,
    /// It is longer than [`Email::MAX_BYTES`].
    #[error("This email address is too long: it may have at most {} characters.", Email::MAX_BYTES)]
    TooLong,
    /// It does not have the form of an email address.
    #[error("This does not look like an email address, such as name@example.com.")]
    Malformed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_with_invisible_characters_are_rejected() {
        for blank in INVISIBLE.iter().chain(&['\u{200b}', '\u{2060}', '\u{feff}', '\u{202e}']) {
            for address in [format!("an{blank}n@example.com"), format!("ann@example.com{blank}")] {
                assert!(address.parse::<Email>().is_err(), "{}", address.escape_unicode());
            }
        }
    }
}
