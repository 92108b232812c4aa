//! Parses any text as `next`. An accepted one must lead to this site in every browser's reading, and must
//! survive the log-in page unchanged.

#![no_main]

use actix_web::http::header::HeaderValue;
use libfuzzer_sys::fuzz_target;
use url::Url;
use waxseal::web::redirect::Next;

/// Pages from which a browser may follow a `Location`.
const PAGES: [&str; 3] = [
    "https://site.example/login?next=/profile",
    "http://127.0.0.1:8080/login",
    "https://[2001:db8::1]:8443/a/b/../login#c",
];

fuzz_target!(|text: &str| {
    match Next::parse(text) {
        Some(next) => check_taken(text, &next),
        None => check_refused(text),
    }
});

fn check_taken(text: &str, next: &Next) {
    assert_eq!(next.as_str(), text);
    assert!(text.starts_with('/'));
    assert!(!text[1..].starts_with(['/', '\\']));
    HeaderValue::try_from(text).unwrap();
    for page in PAGES {
        let page = Url::parse(page).unwrap();
        let there = page.join(text).unwrap();
        assert_eq!(there.origin(), page.origin(), "{there}");
        assert_eq!((there.scheme(), there.host_str()), (page.scheme(), page.host_str()));
        assert_eq!((there.username(), there.password()), ("", None), "{there}");

        let log_in = page.join(&next.login_url()).unwrap();
        assert_eq!((log_in.origin(), log_in.path()), (page.origin(), "/login"), "{log_in}");
        assert_eq!(log_in.fragment(), None, "{log_in}");
        let parameters: Vec<_> = log_in.query_pairs().collect();
        assert_eq!(parameters, [("next".into(), text.into())], "{log_in}");
    }
}

/// A plain path on this site, as a browser shows it in its address bar, must not be rejected.
fn check_refused(text: &str) {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/?&=#%-._~".contains(&byte);
    let plain = text.len() <= Next::MAX_BYTES && text.bytes().all(is_plain);
    assert!(!plain || !text.starts_with('/') || text.starts_with("//"), "{text:?} was refused");
}
