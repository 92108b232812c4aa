//! Whether a browser reaches the site over plain HTTP. It then drops cookies that are Secure, as ours
//! are in production.

use actix_web::http::header::{FORWARDED, HeaderMap, USER_AGENT, VIA, X_FORWARDED_FOR};
use actix_web::http::header::{HeaderName, X_FORWARDED_PROTO};

use crate::web::site_origin::{SEC_FETCH_SITE, scheme_of_own_page};

/// Headers that show that a proxy passed the request on.
const FORWARDING: [HeaderName; 4] =
    [X_FORWARDED_FOR, FORWARDED, VIA, HeaderName::from_static("x-real-ip")];

/// Whether the headers look like a browser's over plain HTTP. What browsers say of themselves counts
/// before what a proxy says: one behind another may only know how the other one asked.
pub(super) fn is_likely(headers: &HeaderMap) -> bool {
    if headers.contains_key(SEC_FETCH_SITE) {
        return false;
    }
    if let Some(scheme) = scheme_of_own_page(headers) {
        return scheme == "http";
    }
    if let Some(scheme) = headers.get(X_FORWARDED_PROTO) {
        return scheme.as_bytes().eq_ignore_ascii_case(b"http");
    }
    // This port speaks no TLS, so what no proxy passed on came over plain HTTP.
    let is_direct = !FORWARDING.iter().any(|name| headers.contains_key(name));
    let user_agent = headers.get(USER_AGENT);
    is_direct && user_agent.is_some_and(|name| name.as_bytes().starts_with(b"Mozilla/"))
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    fn likely(headers: &[(&'static str, &'static str)]) -> bool {
        let common = [("host", "waxseal.lan"), ("user-agent", "Mozilla/5.0 (X11; Linux x86_64)")];
        let pairs = common
            .iter()
            .chain(headers)
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_likely(&pairs.collect())
    }

    #[test]
    fn a_browser_over_plain_http_is_recognised() {
        assert!(likely(&[]));
        assert!(likely(&[("referer", "http://waxseal.lan/login")]));
        assert!(likely(&[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-proto", "http")]));
        assert!(likely(&[("x-forwarded-for", "192.0.2.1"), ("origin", "http://waxseal.lan")]));
    }

    #[test]
    fn everything_else_is_left_alone() {
        assert!(!likely(&[("sec-fetch-site", "none")]));
        assert!(!likely(&[("sec-fetch-site", "none"), ("x-forwarded-proto", "http")]));
        assert!(!likely(&[("x-forwarded-proto", "https")]));
        assert!(!likely(&[("referer", "https://waxseal.lan/"), ("x-forwarded-proto", "http")]));
        for proxy in ["x-forwarded-for", "forwarded", "via", "x-real-ip"] {
            assert!(!likely(&[(proxy, "unknown")]), "{proxy}");
        }
        assert!(!is_likely(&HeaderMap::new()), "not a browser");
    }
}
