//! Redirects: always 303, never off this site.

use actix_web::{HttpResponse, http::header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

/// What must not stand bare in the value of a query parameter; `/` may, and reads better so.
pub(super) const QUERY_VALUE: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'&')
    .add(b'\'')
    .add(b'+')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\');

/// 303: look there, with GET.
pub(super) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

/// Where somebody goes after logging in: a path on this site.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Next(String);

impl Next {
    /// The longest path that is kept: longer than any of ours, and short enough for a header.
    const MAX_BYTES: usize = 2048;

    /// Takes a path that came with a request. One that a browser could read as leading elsewhere
    /// (`//host`, `/\host`, a tab in between) is none, and neither is one that no header can
    /// have.
    pub(super) fn parse(path: &str) -> Option<Self> {
        let local = path.starts_with('/') && !path.starts_with("//");
        let short = path.len() <= Self::MAX_BYTES;
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (local && short && plain).then(|| Self(path.to_owned()))
    }

    /// The path.
    pub(super) fn as_str(&self) -> &str {
        &self.0
    }

    /// The log-in page that leads back there.
    pub(super) fn login_url(&self) -> String {
        format!("/login?next={}", utf8_percent_encode(&self.0, QUERY_VALUE))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_on_this_site_are_taken() {
        for path in ["/", "/profile", "/a?b=c&d=%2F#e", "/a//b", "/@evil.example"] {
            assert_eq!(Next::parse(path).unwrap().as_str(), path);
        }
        for path in [
            "",
            "profile",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "/a\r\nb: c",
            "https://evil.example",
            "\\\\evil.example",
            " /profile",
            "javascript:alert(1)",
            "/ü",
        ] {
            assert_eq!(Next::parse(path), None, "{path:?}");
        }
    }

    #[test]
    fn a_path_survives_the_way_through_the_log_in_page() {
        let next = Next::parse("/profile").unwrap();
        assert_eq!(next.login_url(), "/login?next=/profile");
        assert_eq!(Next::parse(&"/a".repeat(1025)), None);
        let next = Next::parse("/users?q=a+b&page=2").unwrap();
        assert_eq!(next.login_url(), "/login?next=/users%3Fq=a%2Bb%26page=2");
    }
}
