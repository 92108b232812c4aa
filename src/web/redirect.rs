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

/// Where somebody goes after something else, such as logging in: a path on this site, whoever named
/// it. For pages of your own that are told by a parameter where to lead.
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
    /// The longest path that is kept, in bytes: longer than any of ours, and short enough for a
    /// header.
    pub const MAX_BYTES: usize = 2048;

    /// Takes a path that came with a request. One that a browser could read as leading elsewhere
    /// (`//host`, `/\host`, a tab in between) is none, and neither is one that no header can
    /// have.
    pub fn parse(path: &str) -> Option<Self> {
        let local = path.starts_with('/') && !path.starts_with("//");
        let short = path.len() <= Self::MAX_BYTES;
        let plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
        (local && short && plain).then(|| Self(path.to_owned()))
    }

    /// The path, with its query and fragment, as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The log-in page that leads back there.
    pub fn login_url(&self) -> String {
        format!("/login?next={}", utf8_percent_encode(&self.0, QUERY_VALUE))
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;
    use proptest::prelude::*;

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
            "/a b",
        ] {
            assert_eq!(Next::parse(path), None, "{path:?}");
        }
    }

    /// What has led browsers astray: what they take for a slash, skip, decode or fold.
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

        /// As a browser resolves it, from whatever page of ours.
        #[test]
        fn whatever_is_taken_stays_on_this_site(path in nasty()) {
            let Some(next) = Next::parse(&path) else { return Ok(()) };
            for page in ["https://site.example/login", "http://site.example:8080/a/b/?c=//d#e"] {
                let page = reqwest::Url::parse(page).unwrap();
                for target in [next.as_str(), &next.login_url()] {
                    prop_assert_eq!(page.join(target).unwrap().origin(), page.origin(), "{}", target);
                    prop_assert!(HeaderValue::from_str(target).is_ok());
                }
            }
            // Nor does it where what a proxy or the router has decoded is looked at again.
            let back = next.login_url();
            let query = back.strip_prefix("/login?next=").unwrap();
            let decoded = percent_encoding::percent_decode_str(query).decode_utf8().unwrap();
            prop_assert_eq!(Next::parse(&decoded), Some(next));
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
