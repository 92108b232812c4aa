//! Email addresses.

use std::{fmt, str::FromStr};

use email_address::{EmailAddress, Options};
use idna::uts46::{AsciiDenyList, DnsLength, Hyphens, Uts46};
use serde::{Deserialize, Serialize};

use super::look_alike::is_look_alike;

/// An email address in one spelling, so that it can't have two accounts: in lower case, with a domain as
/// people read it. Browsers send `xn--bcher-kva.example` for `bücher.example`; both are the same address.
///
/// ```
/// use waxseal::domain::Email;
///
/// assert_eq!(" Ann@Example.com ".parse::<Email>()?.as_str(), "ann@example.com");
/// assert_eq!("ann@xn--bcher-kva.example".parse::<Email>()?.as_str(), "ann@bücher.example");
/// assert!("ann@".parse::<Email>().is_err());
/// # Ok::<(), waxseal::domain::InvalidEmail>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// The maximum length in bytes, with an ASCII domain: that of a path in RFC 5321, section 4.5.3.1.3,
    /// without its angle brackets.
    pub const MAX_BYTES: usize = 254;

    /// No character of a domain takes more than four bytes in Unicode, nor less than one in ASCII.
    const MAX_UNICODE_BYTES: usize = 4 * Self::MAX_BYTES;

    /// An address that was parsed when it was stored. It is not parsed again: a later version of Unicode
    /// must not lock its owner out.
    pub(crate) const fn from_stored(address: String) -> Self {
        Self(address)
    }

    /// The address, its domain in Unicode.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The part before the `@`, and the domain in ASCII (Punycode), as mail servers take it. `None` if no
    /// host can have the name.
    pub(crate) fn for_smtp(&self) -> Option<(&str, String)> {
        let (local, domain) = self.0.rsplit_once('@')?;
        Some((local, to_ascii(domain)?))
    }

    /// The part before the `@`.
    pub fn local_part(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(local, _)| local)
    }

    /// A part of an address, spelled as in [`as_str`](Self::as_str), to search for. `None` if no address can
    /// contain it.
    pub(crate) fn search_term(typed: &str) -> Option<String> {
        let typed = typed.trim();
        if typed.len() > Self::MAX_UNICODE_BYTES || typed.contains('\0') {
            return None;
        }
        let (local, domain) = typed.split_at(typed.rfind('@').map_or(0, |at| at + 1));
        let domain = to_unicode(domain).unwrap_or_else(|| domain.to_lowercase());
        Some(local.to_lowercase() + &domain)
    }

    /// The address with its domain in ASCII (Punycode), if the domain can be mistaken for another: it
    /// mixes scripts, or consists of letters that look Latin and aren't.
    pub fn look_alike(&self) -> Option<String> {
        let (local, domain) = self.0.rsplit_once('@')?;
        if !is_look_alike(domain) {
            return None;
        }
        Some(format!("{local}@{}", to_ascii(domain)?))
    }
}

impl FromStr for Email {
    type Err = InvalidEmail;

    fn from_str(text: &str) -> Result<Self, InvalidEmail> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidEmail::Missing);
        }
        // Before any other work on it.
        if text.len() > Self::MAX_UNICODE_BYTES {
            return Err(InvalidEmail::TooLong);
        }
        let (local, domain) = text.rsplit_once('@').ok_or(InvalidEmail::Malformed)?;
        if !is_sent_by_browsers(local) {
            return Err(InvalidEmail::LocalPart);
        }
        let domain = to_ascii(domain).ok_or(InvalidEmail::Malformed)?;
        let address = format!("{}@{domain}", local.to_ascii_lowercase());
        if address.len() > Self::MAX_BYTES {
            return Err(InvalidEmail::TooLong);
        }
        let options = Options::default().without_display_text().without_domain_literal();
        EmailAddress::parse_with_options(&address, options).map_err(|_| InvalidEmail::Malformed)?;
        let (local, domain) = address.rsplit_once('@').ok_or(InvalidEmail::Malformed)?;
        let domain = to_unicode(domain).ok_or(InvalidEmail::Malformed)?;
        Ok(Self(format!("{local}@{domain}")))
    }
}

/// Whether browsers send a local part with these characters from a form: those of the HTML standard's
/// "valid email address". With another, its owner could not log in.
fn is_sent_by_browsers(local: &str) -> bool {
    let is_sent =
        |byte: u8| byte.is_ascii_alphanumeric() || b".!#$%&'*+/=?^_`{|}~-".contains(&byte);
    local.bytes().all(is_sent)
}

/// A domain as the DNS knows it (UTS 46): in lower case and Punycode. `None` if no host can have the name.
fn to_ascii(domain: &str) -> Option<String> {
    let (hyphens, length) = (Hyphens::CheckFirstLast, DnsLength::Verify);
    let ascii = Uts46::new().to_ascii(domain.as_bytes(), AsciiDenyList::STD3, hyphens, length);
    ascii.ok().map(Into::into)
}

/// A domain, or a part of one, as people read it. `None` if no host can have the name.
fn to_unicode(domain: &str) -> Option<String> {
    let hyphens = Hyphens::CheckFirstLast;
    let (text, valid) = Uts46::new().to_unicode(domain.as_bytes(), AsciiDenyList::STD3, hyphens);
    valid.is_ok().then(|| text.into_owned())
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
    /// The part before the `@` has characters that browsers refuse to send.
    #[error(
        "The part before the @ may only have letters without accents, digits and common signs."
    )]
    LocalPart,
    /// It does not have the form of an email address.
    #[error("This does not look like an email address, such as name@example.com.")]
    Malformed,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn email(text: &str) -> Result<String, InvalidEmail> {
        text.parse::<Email>().map(|email| email.0)
    }

    #[test]
    fn every_spelling_of_a_domain_is_one_address() {
        for spelling in [
            "Ann@b\u{fc}cher.example",
            "ann@bu\u{308}cher.example",
            "ann@B\u{dc}CHER.EXAMPLE",
            "ann@xn--bcher-kva.example",
            "ANN@XN--BCHER-KVA.example",
            "ann@b\u{fc}cher\u{3002}example",
            "ann@b\u{ad}\u{fc}cher\u{200b}.example",
        ] {
            assert_eq!(email(spelling).unwrap(), "ann@b\u{fc}cher.example", "{spelling}");
        }
        // Not the same domain since IDNA 2008.
        assert_ne!(email("ann@stra\u{df}e.example"), email("ann@strasse.example"));
    }

    #[test]
    fn an_address_that_no_browser_sends_is_refused() {
        for local in ["ren\u{e9}", "\"ann b\"", "a\u{200b}nn", "ann\u{3164}", "a\\b", "a(b)", "a b"]
        {
            assert_eq!(
                email(&format!("{local}@example.com")),
                Err(InvalidEmail::LocalPart),
                "{local}"
            );
        }
        for domain in
            ["", "a b", "exa_mple.com", "-a.com", "a-.com", "a..b", "xn--a", "[127.0.0.1]"]
        {
            assert_eq!(email(&format!("ann@{domain}")), Err(InvalidEmail::Malformed), "{domain}");
        }
        for local in ["", ".ann", "ann.", "a..b"] {
            assert_eq!(
                email(&format!("{local}@example.com")),
                Err(InvalidEmail::Malformed),
                "{local}"
            );
        }
        for hidden in ["\u{202e}", "\u{2066}"] {
            assert!(email(&format!("ann@exam{hidden}ple.com")).is_err());
        }
    }

    #[test]
    fn the_length_is_that_of_the_address_in_ascii() {
        let domain = |label: &str| [label, label, label, "example"].join(".");
        let long = format!("{}@{}", "a".repeat(64), domain(&"\u{fc}".repeat(50)));
        assert!(long.len() > Email::MAX_BYTES);
        assert!(email(&long).is_ok(), "{long}");
        let long = format!("{}@{}", "a".repeat(64), domain(&"b".repeat(62)));
        assert_eq!(email(&long), Err(InvalidEmail::TooLong));
        assert_eq!(email(&"a".repeat(100_000)), Err(InvalidEmail::TooLong));
    }

    #[test]
    fn a_search_is_spelled_as_addresses_are() {
        let term = |typed: &str| Email::search_term(typed).unwrap();
        assert_eq!(term(" Ann@XN--BCHER-KVA.ex"), "ann@b\u{fc}cher.ex");
        assert_eq!(term("BU\u{308}CH"), "b\u{fc}ch");
        // No names of hosts, but parts of addresses.
        assert_eq!(term("A_b"), "a_b");
        assert_eq!(term("xn--"), "xn--");
        assert_eq!(term("-X@"), "-x@");
        assert_eq!(term(""), "");
        assert_eq!(Email::search_term("a\0"), None);
        assert_eq!(Email::search_term(&"a".repeat(2000)), None);
    }

    #[test]
    fn a_look_alike_is_spelled_out() {
        let of = |text: &str| text.parse::<Email>().unwrap().look_alike();
        // The first letter is Cyrillic.
        assert_eq!(of("ann@\u{430}pple.com").unwrap(), "ann@xn--pple-43d.com");
        assert_eq!(of("ann@xn--pple-43d.com").unwrap(), "ann@xn--pple-43d.com");
        assert_eq!(of("ann@b\u{fc}cher.example"), None);
    }
}
