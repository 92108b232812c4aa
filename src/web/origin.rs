//! Cross-origin writes: a form on somebody else's site can't act in a person's name.
//!
//! Browsers say where a request comes from; that is enough, and needs no tokens in forms (as Go's
//! `net/http.CrossOriginProtection` does it). The cookie's `SameSite=Lax` stands behind it.

use actix_web::{
    Error, HttpRequest, HttpResponse,
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

use super::client;
use crate::{
    audit,
    db::SqlSessionStore,
    session::{SessionLayer, Whose},
};

/// The site's own origin, where it differs from the `Host` that requests name: `PUBLIC_URL`.
#[derive(Debug, Clone, Default)]
pub struct PublicOrigin(pub Option<String>);

/// Refuses, with 403, requests that change something and come from another origin.
///
/// # Errors
///
/// Those of middlewares further in.
pub async fn same_origin<B: MessageBody + 'static>(
    site: Data<PublicOrigin>,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B>>, Error> {
    if request.method().is_safe() || is_ours(request.headers(), site.0.as_deref()) {
        return Ok(next.call(request).await?.map_into_left_body());
    }
    let (whose, from) = (whose(request.request()), client::address(request.request()));
    audit::cross_origin_refused(request.method(), request.path(), whose, from);
    Ok(request.into_response(HttpResponse::Forbidden().finish()).map_into_right_body())
}

/// In whose name a refused request would have acted: browsers send the cookie along from a
/// neighbouring host.
fn whose(request: &HttpRequest) -> Option<Whose> {
    request.app_data::<Data<SessionLayer<SqlSessionStore>>>()?.whose(request)
}

/// Whether a request comes from this site, or from something that is no browser.
fn is_ours(headers: &HeaderMap, public_origin: Option<&str>) -> bool {
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
        || host.is_some_and(|host| names_host(origin, host))
}

/// Whether an origin is of the same host and port as `Host`; either may leave out the port that
/// goes without saying.
fn names_host(text: &str, host: &str) -> bool {
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

    fn ours(headers: &[(&'static str, &'static str)], public: Option<&str>) -> bool {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        is_ours(&pairs.collect(), public)
    }

    #[test]
    fn sec_fetch_site_decides_where_it_is_there() {
        assert!(ours(&[("sec-fetch-site", "same-origin")], None));
        assert!(ours(&[("sec-fetch-site", "none")], None));
        for other in ["same-site", "cross-site", "", "Same-Origin"] {
            let headers =
                [("sec-fetch-site", other), ("host", "a.example"), ("origin", "https://a.example")];
            assert!(!ours(&headers, None), "{other}");
        }
    }

    #[test]
    fn otherwise_the_origin_must_name_this_site() {
        let at = |origin, host| ours(&[("origin", origin), ("host", host)], None);
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
        assert!(!ours(&[("origin", "https://a.example")], None));
    }

    #[test]
    fn what_is_said_twice_must_be_ours_both_times() {
        let twice =
            |name, one, other| ours(&[("host", "a.example"), (name, one), (name, other)], None);
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
        assert!(ours(&headers, Some("https://a.example")));
        assert!(!ours(&headers, Some("https://b.example")));
        assert!(!ours(&[("origin", "null")], Some("null.example")));
    }

    #[test]
    fn what_names_no_origin_is_no_browser() {
        assert!(ours(&[("host", "a.example")], None));
    }
}
