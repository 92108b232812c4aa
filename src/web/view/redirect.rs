//! Redirects: always 303, never off this site. `next` is where log-in and sign-up lead to.

use actix_web::{HttpResponse, http::header};
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};
use serde::Deserialize;

/// Characters to escape in the value of a query parameter; `/` may stay, and reads better so.
pub(crate) const QUERY_VALUE: &AsciiSet = &CONTROLS
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

/// 303 to this location.
pub(crate) fn see_other(location: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, location)).finish()
}

/// 303 to `next` if it is a path on this site, else to the profile.
pub(crate) fn see_next(next: &str) -> HttpResponse {
    see_other(Next::parse(next).as_ref().map_or("/profile", Next::as_str))
}

/// The query of the log-in and sign-up pages.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct NextQuery {
    pub(crate) next: String,
}

/// `next` as a form shows it again. With control characters, which no link of ours has, it is
/// dropped.
pub(crate) fn shown_next(next: &str) -> &str {
    if next.contains(char::is_control) { "" } else { next }
}

/// The log-in page, leading to `next` if it is a path on this site.
pub(crate) fn login_url(next: &str) -> String {
    Next::parse(next).map_or("/login".to_owned(), |next| next.login_url())
}

/// The sign-up page, leading to `next` if it is a path on this site.
pub(crate) fn signup_url(next: &str) -> String {
    Next::parse(next).map_or("/signup".to_owned(), |next| next.signup_url())
}

/// The page that asks for the password again, leading to `next` if it is a path on this site.
pub(crate) fn confirm_url(next: &str) -> String {
    Next::parse(next).map_or("/confirm".to_owned(), |next| next.after("/confirm"))
}

/// Where to go after something else, such as logging in: a path on this site, even though it comes
/// from a request. Use it for a `next` parameter of your own pages.
///
/// ```
/// use waxseal::web::redirect::Next;
///
/// let next = Next::parse("/notes?page=2").ok_or("not on this site")?;
/// assert_eq!(next.as_str(), "/notes?page=2");
/// assert_eq!(next.login_url(), "/login?next=/notes%3Fpage=2");
///
/// assert_eq!(Next::parse("https://evil.example/"), None);
/// assert_eq!(Next::parse("//evil.example/"), None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next(String);

impl Next {
    /// The longest path, in bytes: longer than any of ours, and short enough for a header.
    pub const MAX_BYTES: usize = 2048;

    /// `None` for a path that a browser could read as leading off this site (`//host`, `/\host`, a
    /// tab in between), or that doesn't fit a header.
    pub fn parse(path: &str) -> Option<Self> {
        let is_local = path.starts_with('/') && !path.starts_with("//");
        let is_short = path.len() <= Self::MAX_BYTES;
        let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (is_local && is_short && is_plain).then(|| Self(path.to_owned()))
    }

    /// The path with its query and fragment, as given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The log-in page that leads there.
    pub fn login_url(&self) -> String {
        self.after("/login")
    }

    /// The sign-up page that leads there.
    pub fn signup_url(&self) -> String {
        self.after("/signup")
    }

    fn after(&self, page: &str) -> String {
        format!("{page}?next={}", utf8_percent_encode(&self.0, QUERY_VALUE))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_paths_on_this_site_are_accepted() {
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
            "/a b",
        ] {
            assert_eq!(Next::parse(path), None, "{path:?}");
        }
    }

    /// What browsers take for a slash, skip, decode or fold.
    fn nasty() -> impl Strategy<Value = String> {
        let piece = prop::sample::select(vec![
            "/",
            "//",
            "\\",
            "\t",
            "\n",
            "\r",
            "\0",
            " ",
            ".",
            "..",
            "/./",
            ":",
            "@",
            "?",
            "#",
            "%",
            "%2f",
            "%2F%2F",
            "%5c",
            "%09",
            "%0d%0a",
            "%00",
            "http:",
            "https://",
            "javascript:",
            "data:",
            "evil.example",
            "user:password@evil.example",
            "site.example",
            "site.example@",
            "\u{2f}\u{2f}",
            "\u{ff0f}",
            "\u{3002}",
            "\u{2028}",
            "\u{202e}",
            "\u{ad}",
            "\u{feff}",
            "\u{85}",
            "\u{a0}",
            "ü",
            "[::1]",
            ";",
            "&",
            "=",
            "a",
        ]);
        prop_oneof![
            prop::collection::vec(piece, 0..8).prop_map(|pieces| pieces.concat()),
            any::<String>(),
            any::<String>().prop_map(|text| format!("/{text}")),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, cases: 2000, ..ProptestConfig::default() })]

        /// As a browser resolves it, from any page of ours.
        #[test]
        fn every_accepted_path_stays_on_this_site(path in nasty()) {
            let Some(next) = Next::parse(&path) else { return Ok(()) };
            for page in ["https://site.example/login", "http://site.example:8080/a/b/?c=//d#e"] {
                let page = reqwest::Url::parse(page).unwrap();
                for target in [next.as_str(), &next.login_url(), &next.signup_url()] {
                    prop_assert_eq!(page.join(target).unwrap().origin(), page.origin(), "{}", target);
                    prop_assert!(HeaderValue::from_str(target).is_ok());
                }
            }
            // The same after a proxy or the router has decoded the query.
            let back = next.login_url();
            let query = back.strip_prefix("/login?next=").unwrap();
            let decoded = percent_encoding::percent_decode_str(query).decode_utf8().unwrap();
            prop_assert_eq!(Next::parse(&decoded), Some(next));
        }
    }

    #[test]
    fn a_path_survives_the_log_in_page() {
        let next = Next::parse("/profile").unwrap();
        assert_eq!(next.login_url(), "/login?next=/profile");
        assert_eq!(Next::parse(&"/a".repeat(1025)), None);
        let next = Next::parse("/users?q=a+b&page=2").unwrap();
        assert_eq!(next.login_url(), "/login?next=/users%3Fq=a%2Bb%26page=2");
    }
}
