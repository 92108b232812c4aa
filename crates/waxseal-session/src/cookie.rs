//! The session cookie: found in the header's bytes by its exact name, set, cleared.

use std::{io::BufRead, time::Duration};

use actix_web::{
    cookie::SameSite,
    http::header::{self, HeaderMap, HeaderValue},
};

use crate::settings_error::SettingsError;

/// The maximum size of a cookie's name and value together, in bytes: what browsers accept (RFC
/// 6265bis, section 5.7).
pub const MAX_COOKIE_BYTES: usize = 4096;

/// The cookie's name and attributes. `HttpOnly` is always set.
#[derive(Debug, Clone)]
pub struct CookieSettings {
    pub(crate) name: String,
    pub(crate) secure: bool,
    pub(crate) domain: Option<String>,
    pub(crate) path: String,
    pub(crate) same_site: SameSite,
    /// The attributes as they are sent, up to the value of `Max-Age`, the last one.
    attributes: String,
}

/// What a request's headers hold of the session cookie.
#[derive(Debug, PartialEq, Eq)]
pub enum CookieLookup<'a> {
    /// No cookie of that name.
    None,
    /// One, with this value.
    One(&'a [u8]),
    /// More than one: another site set one of them, and there is no telling which.
    Several,
}

/// Finds the cookie of this name in the `Cookie` headers.
///
/// Names are compared byte by byte: nothing is percent-decoded, so `__%48ost-session` is not
/// `__Host-session`, and invalid UTF-8 affects only the cookie that contains it.
///
/// ```
/// use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
/// use waxseal_session::cookie::{CookieLookup, find};
///
/// let mut headers = HeaderMap::new();
/// headers.insert(COOKIE, HeaderValue::from_static("theme=dark; session=abc"));
/// assert_eq!(find(&headers, "session"), CookieLookup::One(b"abc"));
/// assert_eq!(find(&headers, "sess"), CookieLookup::None);
/// ```
pub fn find<'a>(headers: &'a HeaderMap, name: &str) -> CookieLookup<'a> {
    let mut found = CookieLookup::None;
    let headers = headers.get_all(header::COOKIE).map(HeaderValue::as_bytes);
    for pair in headers.flat_map(pairs) {
        let Some(rest) = pair.trim_ascii().strip_prefix(name.as_bytes()) else { continue };
        let Some(value) = rest.strip_prefix(b"=") else { continue };
        if found != CookieLookup::None {
            return CookieLookup::Several;
        }
        found = CookieLookup::One(value);
    }
    found
}

/// The parts between semicolons. `skip_until` finds them with the C library's `memchr`: a byte by byte
/// `split` takes 2,000 instructions more for a header of 470 bytes.
fn pairs(header: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = header;
    std::iter::from_fn(move || {
        let start = rest;
        let length = rest.skip_until(b';').ok().filter(|length| *length > 0)?;
        Some(start[..length].strip_suffix(b";").unwrap_or(&start[..length]))
    })
}

/// Whether a cookie can have this name: a token of RFC 6265, section 4.1.1.
pub fn is_valid_name(name: &str) -> bool {
    let is_token = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(is_token)
}

/// The purpose that tokens in cookies of this name are sealed for.
pub fn purpose(cookie_name: &str) -> String {
    format!("session:{cookie_name}")
}

impl CookieSettings {
    pub(crate) fn new(
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
    /// When a browser would refuse the cookie or misread it.
    pub(crate) fn validate(&self) -> Result<(), SettingsError> {
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

    /// RFC 6265bis, sections 4.1.2.7 and 4.1.3; browsers ignore the prefix's case.
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

    /// `Set-Cookie` for a value that the browser keeps for `max_age`. `None` when no header can have
    /// the value, which is never so for tokens.
    pub(crate) fn set(&self, value: &str, max_age: Duration) -> Option<HeaderValue> {
        let max_age = max_age.as_secs().to_string();
        HeaderValue::try_from([&*self.name, "=", value, &self.attributes, &max_age].concat()).ok()
    }

    /// `Set-Cookie` that deletes the cookie.
    pub(crate) fn clear(&self) -> Option<HeaderValue> {
        self.set("", Duration::ZERO)
    }
}
