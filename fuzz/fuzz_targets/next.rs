//! Any text as `next`: what is taken leads nowhere but to this site, as browsers read it, and comes
//! through the log-in page as it was.

#![no_main]

use actix_web::http::header::HeaderValue;
use libfuzzer_sys::fuzz_target;
use url::Url;
use waxseal::web::redirect::Next;

/// Pages of a site from which a `Location` may be followed.
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

/// Nothing is refused that a browser would show in its address bar as a plain path on this site.
fn check_refused(text: &str) {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/?&=#%-._~".contains(&byte);
    let plain = text.len() <= Next::MAX_BYTES && text.bytes().all(is_plain);
    assert!(!plain || !text.starts_with('/') || text.starts_with("//"), "{text:?} was refused");
}
