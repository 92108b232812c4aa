//! The session cookie: found in the header's bytes by its exact name, set, cleared.

use std::{io::BufRead, net::Ipv4Addr, time::Duration};

use actix_web::{
    cookie::SameSite,
    http::header::{self, HeaderMap, HeaderValue},
};

use crate::{expiry::MAX_COOKIE_AGE, settings_error::SettingsError};

/// The maximum size of a cookie's name and value together, in bytes: what browsers accept (RFC
/// 6265bis, section 5.7).
pub const MAX_COOKIE_BYTES: usize = 4096;

/// The cookie's attributes, apart from how long it lives.
#[derive(Debug, Clone)]
pub(crate) struct CookieAttributes {
    pub(crate) secure: bool,
    pub(crate) http_only: bool,
    pub(crate) partitioned: bool,
    pub(crate) domain: Option<String>,
    pub(crate) path: String,
    pub(crate) same_site: SameSite,
}

/// The domain of a cookie: a string, or an `Option<String>` as actix-session takes it.
#[derive(Debug, Clone)]
pub struct CookieDomain(pub(crate) Option<String>);

impl From<Option<String>> for CookieDomain {
    fn from(domain: Option<String>) -> Self {
        Self(domain)
    }
}

impl From<String> for CookieDomain {
    fn from(domain: String) -> Self {
        Self(Some(domain))
    }
}

impl From<&str> for CookieDomain {
    fn from(domain: &str) -> Self {
        Self(Some(domain.to_owned()))
    }
}

/// The cookie's name, and its attributes as they are sent.
#[derive(Debug, Clone)]
pub(crate) struct CookieSettings {
    pub(crate) name: String,
    attributes: CookieAttributes,
    /// The attributes as they are sent.
    text: String,
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

impl Default for CookieAttributes {
    fn default() -> Self {
        Self {
            secure: true,
            http_only: true,
            partitioned: false,
            domain: None,
            path: "/".to_owned(),
            same_site: SameSite::Lax,
        }
    }
}

impl CookieAttributes {
    pub(crate) fn default_name(&self) -> &'static str {
        if self.is_host_only() { "__Host-waxseal" } else { "waxseal" }
    }

    /// Whether browsers accept the cookie only from the host itself, as the prefix `__Host-` demands.
    pub(crate) fn is_host_only(&self) -> bool {
        self.secure && self.domain.is_none() && self.path == "/"
    }

    fn to_text(&self, domain: Option<&str>) -> String {
        let Self { secure, http_only, partitioned, path, same_site, .. } = self;
        let of_domain = domain.map(|domain| format!("; Domain={domain}"));
        format!(
            "; Path={path}{}{}{}; SameSite={same_site}{}",
            of_domain.unwrap_or_default(),
            if *secure { "; Secure" } else { "" },
            if *http_only { "; HttpOnly" } else { "" },
            if *partitioned { "; Partitioned" } else { "" },
        )
    }
}

impl CookieSettings {
    pub(crate) fn of_defaults() -> Self {
        let attributes = CookieAttributes::default();
        let text = attributes.to_text(None);
        Self { name: attributes.default_name().to_owned(), attributes, text }
    }

    /// # Errors
    ///
    /// When a browser would refuse the cookie or misread it.
    pub(crate) fn new(name: String, attributes: CookieAttributes) -> Result<Self, SettingsError> {
        let text = attributes.to_text(attributes.domain.as_deref());
        let settings = Self { name, attributes, text };
        settings.validate()?;
        Ok(settings)
    }

    fn validate(&self) -> Result<(), SettingsError> {
        if !is_valid_name(&self.name) {
            return Err(SettingsError::CookieName(self.name.clone()));
        }
        let CookieAttributes { domain, path, .. } = &self.attributes;
        let is_attribute = |b: u8| (b.is_ascii_graphic() && b != b';') || b == b' ';
        for scope in [Some(path), domain.as_ref()].into_iter().flatten() {
            if scope.is_empty() || !scope.bytes().all(is_attribute) {
                return Err(SettingsError::CookieScope(scope.clone()));
            }
        }
        if !path.starts_with('/') {
            return Err(SettingsError::CookieScope(path.clone()));
        }
        self.validate_prefix()
    }

    /// RFC 6265bis, sections 4.1.2.7 and 4.1.3; browsers ignore the prefix's case.
    fn validate_prefix(&self) -> Result<(), SettingsError> {
        let name = self.name.to_ascii_lowercase();
        let CookieAttributes { secure, partitioned, same_site, .. } = self.attributes;
        if name.starts_with("__host-") && !self.attributes.is_host_only() {
            return Err(SettingsError::CookiePrefix(
                "a cookie named __Host-… must be Secure, with the path / and no domain",
            ));
        }
        if name.starts_with("__secure-") && !secure {
            return Err(SettingsError::CookiePrefix("a cookie named __Secure-… must be Secure"));
        }
        if same_site == SameSite::None && !secure {
            return Err(SettingsError::CookiePrefix("SameSite=None needs Secure"));
        }
        if partitioned && !secure {
            return Err(SettingsError::CookiePrefix("Partitioned needs Secure"));
        }
        Ok(())
    }

    /// `Set-Cookie` for a value that the browser keeps for `max_age`, or until it closes. `None` when no
    /// header can have the value, which is never so for tokens.
    pub(crate) fn set(&self, value: &str, max_age: Option<Duration>) -> Option<HeaderValue> {
        let max_age = max_age.map(|max_age| max_age.min(MAX_COOKIE_AGE).as_secs().to_string());
        let max_age = max_age.as_ref().map_or(["", ""], |seconds| ["; Max-Age=", seconds]).concat();
        HeaderValue::try_from([&*self.name, "=", value, &self.text, &max_age].concat()).ok()
    }

    /// `Set-Cookie` that deletes the cookie.
    pub(crate) fn clear(&self) -> Option<HeaderValue> {
        HeaderValue::try_from([&*self.name, "=", &self.text, DELETED].concat()).ok()
    }

    /// `Set-Cookie`s that delete the cookie of this name in every other scope: without a domain, and with each
    /// domain that the host belongs to. A browser has them after the settings have changed.
    pub(crate) fn clear_other_scopes(&self, host: &str) -> Vec<HeaderValue> {
        if self.name.to_ascii_lowercase().starts_with("__host-") {
            return Vec::new();
        }
        let ours = self.attributes.domain.as_deref();
        let others = domains_of(host).map(Some).chain([None]).filter(|domain| *domain != ours);
        let clear = |domain| {
            let text = self.attributes.to_text(domain);
            HeaderValue::try_from([&*self.name, "=", &text, DELETED].concat()).ok()
        };
        others.filter_map(clear).collect()
    }
}

/// The host and the domains above it, down to two labels: a browser keeps no cookie for `com`. None for an
/// address, or what is no host name.
fn domains_of(host: &str) -> impl Iterator<Item = &str> {
    let is_name = host.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'.');
    let host = Some(host).filter(|host| is_name && host.parse::<Ipv4Addr>().is_err());
    std::iter::successors(host, |domain| Some(domain.split_once('.')?.1))
        .filter(|domain| domain.contains('.'))
}

/// Both: browsers go by Max-Age, and some tools only by Expires.
const DELETED: &str = "; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT";
