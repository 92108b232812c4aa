//! The session's cookie in the header's bytes: found by its exact name, set, cleared.

use std::time::Duration;

use actix_web::{
    cookie::SameSite,
    http::header::{self, HeaderMap, HeaderValue},
};

use super::settings_error::SettingsError;

/// The most bytes that the name and the value of a cookie may have together: what RFC 6265bis
/// (section 5.7) has browsers keep.
pub const MAX_BYTES: usize = 4096;

/// The cookie's name and attributes. `HttpOnly` is not among them: it always stands.
#[derive(Debug, Clone)]
pub struct CookieSettings {
    pub(super) name: String,
    pub(super) secure: bool,
    pub(super) domain: Option<String>,
    pub(super) path: String,
    pub(super) same_site: SameSite,
    /// The attributes as they are sent, up to the value of the last one, `Max-Age`.
    attributes: String,
}

/// How often the session's cookie is in a request.
#[derive(Debug, PartialEq, Eq)]
pub enum Found<'a> {
    /// Not at all: a visitor.
    None,
    /// Once, with this value.
    One(&'a [u8]),
    /// More than once: somebody else set one of them, and no telling which.
    Several,
}

/// Finds the cookie of this name in the bytes of the `Cookie` headers.
///
/// Names are compared byte by byte: nothing is percent-decoded, so `__%48ost-session` is not
/// `__Host-session`, and bytes that are not UTF-8 hide only the cookie they are in.
///
/// ```
/// use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
/// use waxseal::session::cookie::{Found, find};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(COOKIE, HeaderValue::from_static("theme=dark; session=abc"));
/// assert_eq!(find(&headers, "session"), Found::One(b"abc"));
/// assert_eq!(find(&headers, "sess"), Found::None);
/// ```
pub fn find<'a>(headers: &'a HeaderMap, name: &str) -> Found<'a> {
    let mut found = Found::None;
    for pair in headers.get_all(header::COOKIE).flat_map(|value| pairs(value.as_bytes())) {
        let Some(rest) = pair.trim_ascii().strip_prefix(name.as_bytes()) else { continue };
        let Some(value) = rest.strip_prefix(b"=") else { continue };
        if found != Found::None {
            return Found::Several;
        }
        found = Found::One(value);
    }
    found
}

/// What stands between the semicolons. (`memchr` looks at 32 bytes at a time: this is most of a
/// header of tokens, and 2,000 instructions less for 470 bytes.)
fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(header);
    std::iter::from_fn(move || {
        let bytes = rest?;
        let end = memchr::memchr(b';', bytes);
        rest = end.map(|end| &bytes[end + 1..]);
        Some(&bytes[..end.unwrap_or(bytes.len())])
    })
}

/// Whether a cookie can have this name: a token as RFC 6265, section 4.1.1, has it.
pub fn is_valid_name(name: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(is_token)
}

/// What the tokens in cookies of this name are sealed for.
pub fn purpose(cookie_name: &str) -> String {
    format!("session:{cookie_name}")
}

impl CookieSettings {
    pub(super) fn new(
        name: String,
        secure: bool,
        domain: Option<String>,
        path: String,
        same_site: SameSite,
    ) -> Self {
        let of_domain = domain.as_ref().map(|domain| format!("; Domain={domain}"));
        let attributes = format!(
            "; Path={path}{}{}; HttpOnly; SameSite={same_site}; Max-Age=",
            of_domain.unwrap_or_default(),
            if secure { "; Secure" } else { "" },
        );
        Self { name, secure, domain, path, same_site, attributes }
    }

    /// # Errors
    ///
    /// When a browser would refuse the cookie, or read it differently than it was meant.
    pub(super) fn validate(&self) -> Result<(), SettingsError> {
        if !is_valid_name(&self.name) {
            return Err(SettingsError::CookieName(self.name.clone()));
        }
        let is_attribute = |b: u8| (b.is_ascii_graphic() && b != b';') || b == b' ';
        let scopes = [Some(&self.path), self.domain.as_ref()];
        for scope in scopes.into_iter().flatten() {
            if scope.is_empty() || !scope.bytes().all(is_attribute) {
                return Err(SettingsError::CookieScope(scope.clone()));
            }
        }
        if !self.path.starts_with('/') {
            return Err(SettingsError::CookieScope(self.path.clone()));
        }
        self.validate_prefix()
    }

    /// RFC 6265bis, sections 4.1.2.7 and 4.1.3; browsers compare prefixes without regard to case.
    fn validate_prefix(&self) -> Result<(), SettingsError> {
        let name = self.name.to_ascii_lowercase();
        let host_only = self.domain.is_none() && self.path == "/";
        if name.starts_with("__host-") && !(self.secure && host_only) {
            return Err(SettingsError::CookiePrefix(
                "a cookie named __Host-… must be Secure, with the path / and no domain",
            ));
        }
        if name.starts_with("__secure-") && !self.secure {
            return Err(SettingsError::CookiePrefix("a cookie named __Secure-… must be Secure"));
        }
        if self.same_site == SameSite::None && !self.secure {
            return Err(SettingsError::CookiePrefix("SameSite=None needs Secure"));
        }
        Ok(())
    }

    /// `Set-Cookie` for a value that the browser keeps for `max_age`. `None` where the value is
    /// one that no header can have; tokens never are.
    pub(super) fn set(&self, value: &str, max_age: Duration) -> Option<HeaderValue> {
        let max_age = max_age.as_secs().to_string();
        HeaderValue::try_from([&*self.name, "=", value, &self.attributes, &max_age].concat()).ok()
    }

    /// `Set-Cookie` that has the browser drop the cookie.
    pub(super) fn clear(&self) -> Option<HeaderValue> {
        self.set("", Duration::ZERO)
    }
}
