//! Protection against cross-site request forgery (CSRF): writes from another origin are refused, so a
//! form on another site can't act for a signed-in user.
//!
//! Browsers say where a request comes from, so forms need no tokens; Go's
//! `net/http.CrossOriginProtection` does the same. `SameSite=Lax` is the second line of defence.

use actix_web::{
    Error, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Uri,
        header::{HOST, HeaderMap, ORIGIN},
        uri::Authority,
    },
    middleware::Next,
    web::Data,
};

use crate::{audit, web::extractors::client_info};

/// The site's own origin, `PUBLIC_URL`: needed where it differs from the `Host` of requests.
#[derive(Debug, Clone, Default)]
pub struct PublicOrigin(pub Option<String>);

/// Answers 403 to requests with an unsafe method from another origin.
///
/// # Errors
///
/// Errors of inner middleware pass through.
pub async fn reject_cross_origin<B: MessageBody + 'static>(
    public_origin: Data<PublicOrigin>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    let public_origin = public_origin.0.as_deref();
    if request.method().is_safe() || is_same_origin(request.headers(), public_origin) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    // Browsers send the cookie along from another host of the same site.
    let subject = client_info::token_subject(request.request());
    let from = client_info::address(request.request());
    audit::cross_origin_refused(request.method(), request.path(), subject, from);
    Ok(request.into_response(HttpResponse::Forbidden().finish()).map_into_right_body())
}

/// Whether a request comes from this site, or not from a browser.
fn is_same_origin(headers: &HeaderMap, public_origin: Option<&str>) -> bool {
    let mut sites = headers.get_all("sec-fetch-site").peekable();
    if sites.peek().is_some() {
        return sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    if headers.get_all(ORIGIN).count() > 1 {
        return false;
    }
    let Ok(origin) = origin.to_str() else { return false };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    public_origin.is_some_and(|public| public.eq_ignore_ascii_case(origin))
        || host.is_some_and(|host| matches_host(origin, host))
}

/// Whether an origin has the host and port of the `Host` header. A default port may be missing in
/// either.
fn matches_host(text: &str, host: &str) -> bool {
    // An origin has no user, no path and no slash at its end.
    if text.contains('@') || text.matches('/').count() != 2 {
        return false;
    }
    let (Ok(origin), Ok(host)) = (text.parse::<Uri>(), host.parse::<Authority>()) else {
        return false;
    };
    let default_port = match origin.scheme_str() {
        Some("http") => 80,
        Some("https") => 443,
        _ => return false,
    };
    origin.host().is_some_and(|name| name.eq_ignore_ascii_case(host.host()))
        && origin.port_u16().unwrap_or(default_port) == host.port_u16().unwrap_or(default_port)
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::{HeaderName, HeaderValue};

    use super::*;

    fn same(headers: &[(&'static str, &'static str)], public: Option<&str>) -> bool {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_same_origin(&pairs.collect(), public)
    }

    #[test]
    fn sec_fetch_site_decides_when_present() {
        assert!(same(&[("sec-fetch-site", "same-origin")], None));
        assert!(same(&[("sec-fetch-site", "none")], None));
        for other in ["same-site", "cross-site", "", "Same-Origin"] {
            let headers =
                [("sec-fetch-site", other), ("host", "a.example"), ("origin", "https://a.example")];
            assert!(!same(&headers, None), "{other}");
        }
    }

    #[test]
    fn without_it_the_origin_must_name_this_site() {
        let at = |origin, host| same(&[("origin", origin), ("host", host)], None);
        assert!(at("http://127.0.0.1:8080", "127.0.0.1:8080"));
        assert!(at("https://a.example", "a.example"));
        assert!(at("https://A.example:443", "a.example"));
        assert!(at("http://[::1]:8080", "[::1]:8080"));
        assert!(!at("null", "null"));
        assert!(!at("", ""));
        assert!(!at("https://b.example", "a.example"));
        assert!(!at("https://a.example:8443", "a.example"));
        assert!(!at("https://a.example.evil.example", "a.example"));
        assert!(!at("ftp://a.example", "a.example"));
        assert!(!at("https://b.example@a.example", "a.example"));
        assert!(!at("https://a.example/", "a.example"));
        assert!(!at("https://a.example/b", "a.example"));
        assert!(!same(&[("origin", "https://a.example")], None));
    }

    #[test]
    fn a_repeated_header_must_name_this_site_every_time() {
        let twice =
            |name, one, other| same(&[("host", "a.example"), (name, one), (name, other)], None);
        for (one, other) in [("same-origin", "cross-site"), ("cross-site", "none")] {
            assert!(!twice("sec-fetch-site", one, other), "{one} {other}");
        }
        let (good, bad) = ("https://a.example", "https://b.example");
        for (one, other) in [(good, bad), (bad, good)] {
            assert!(!twice("origin", one, other), "{one} {other}");
        }
    }

    #[test]
    fn the_public_url_names_this_site_too() {
        let headers = [("origin", "https://a.example"), ("host", "10.0.0.1:8080")];
        assert!(same(&headers, Some("https://a.example")));
        assert!(!same(&headers, Some("https://b.example")));
        assert!(!same(&[("origin", "null")], Some("null.example")));
    }

    #[test]
    fn a_request_without_either_header_is_not_from_a_browser() {
        assert!(same(&[("host", "a.example")], None));
    }
}
