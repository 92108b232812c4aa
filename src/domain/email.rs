//! Email addresses, parsed at the door.

use std::{fmt, str::FromStr};

use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization;

/// An email address: trimmed, normalised (NFC) and in lower case, so that one account has one
/// spelling.
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
    /// The most bytes an address may have: what fits the path of RFC 5321, section 4.5.3.1.3,
    /// less its angle brackets.
    pub const MAX_BYTES: usize = 254;

    /// The address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

/// Letters that are not seen: the Hangul fillers. Others like them no address may have anyway.
const BLANKS: [char; 4] = ['\u{115f}', '\u{1160}', '\u{3164}', '\u{ffa0}'];

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidEmail::Missing);
        }
        // Before anything is done with it, however long it is; lower case can be longer.
        let fits = |text: &str| text.len() <= Self::MAX_BYTES;
        if !fits(text) {
            return Err(InvalidEmail::TooLong);
        }
        // Normalised again at the end: some letters have a character of their own, with their
        // mark, only in lower case (ǰ).
        let address: String = text.nfc().collect::<String>().to_lowercase().nfc().collect();
        if !fits(&address) {
            return Err(InvalidEmail::TooLong);
        }
        if address.contains(BLANKS) {
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

/// Why a text is no email address, in words for the person who typed it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEmail {
    /// Nothing was typed.
    #[error("Enter your email address.")]
    Missing,
    /// It has more than [`Email::MAX_BYTES`] bytes.
    #[error(
        "This is too long for an email address: it may have at most {} characters.",
        Email::MAX_BYTES
    )]
    TooLong,
    /// It does not read like one.
    #[error("This does not look like an email address, such as name@example.com.")]
    Malformed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_in_no_address() {
        for blank in BLANKS.iter().chain(&['\u{200b}', '\u{2060}', '\u{feff}', '\u{202e}']) {
            for address in [format!("an{blank}n@example.com"), format!("ann@example.com{blank}")] {
                assert!(address.parse::<Email>().is_err(), "{}", address.escape_unicode());
            }
        }
    }
}
