//! Which origins are this site's, and what a request says about the page that sent it.

use actix_web::http::{
    Uri,
    header::{HOST, HeaderMap, HeaderName, ORIGIN, REFERER},
    uri::Authority,
};

/// Which site or origin a browser sends a request from. It sends this header only to sites that it
/// reaches over HTTPS, or on this machine.
pub(crate) const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The origins of this site.
#[derive(Debug, Clone, Default)]
pub struct SiteOrigin {
    /// `PUBLIC_URL`: needed where it differs from the `Host` of requests.
    pub public_url: Option<String>,
    /// Whether all other origins of the site are HTTPS, as in production.
    pub https_only: bool,
}

/// The page that sent a request, as far as the browser tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sender {
    /// A page of this site, or not a browser.
    ThisSite,
    /// A page of this site that the browser got over plain HTTP.
    PlainHttp,
    /// A page on another host than `Host`, and the browser doesn't say whether that is this site.
    AnotherHost,
    /// Another site, or a page that the browser keeps to itself.
    AnotherSite,
}

impl SiteOrigin {
    /// The page that sent a request.
    pub(crate) fn sender(&self, headers: &HeaderMap) -> Sender {
        let mut sites = headers.get_all(SEC_FETCH_SITE).peekable();
        if sites.peek().is_some() {
            let is_ours = sites.all(|site| matches!(site.as_bytes(), b"same-origin" | b"none"));
            return if is_ours { Sender::ThisSite } else { Sender::AnotherSite };
        }
        if !headers.contains_key(ORIGIN) {
            return Sender::ThisSite;
        }
        let Some(origin) = origin(headers) else { return Sender::AnotherSite };
        if self.is_public_url(origin) {
            return Sender::ThisSite;
        }
        match parse_origin(origin) {
            None => Sender::AnotherSite,
            Some(url) if !names_host(&url, headers) => Sender::AnotherHost,
            Some(url) if self.https_only && url.scheme_str() != Some("https") => Sender::PlainHttp,
            Some(_) => Sender::ThisSite,
        }
    }

    /// The origin that sent a request, if `Host` names another one.
    pub(crate) fn unlike_host<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        let origin = origin(headers).filter(|origin| !self.is_public_url(origin))?;
        let url = parse_origin(origin)?;
        (!names_host(&url, headers)).then_some(origin)
    }

    fn is_public_url(&self, origin: &str) -> bool {
        self.public_url.as_deref().is_some_and(|public| public.eq_ignore_ascii_case(origin))
    }
}

/// The scheme of the page of this host that a request comes from; `None` if the browser names none.
pub(crate) fn scheme_of_own_page(headers: &HeaderMap) -> Option<String> {
    let page = [ORIGIN, REFERER].iter().find_map(|name| headers.get(name)?.to_str().ok());
    let url: Uri = page?.parse().ok()?;
    url.scheme_str().filter(|_| names_host(&url, headers)).map(str::to_owned)
}

/// The `Origin` header; `None` if it is missing, repeated or not text.
fn origin(headers: &HeaderMap) -> Option<&str> {
    let mut origins = headers.get_all(ORIGIN);
    let origin = origins.next()?.to_str().ok();
    origin.filter(|_| origins.next().is_none())
}

/// Parses an origin: a URL without a user, a path, or a slash at its end.
fn parse_origin(text: &str) -> Option<Uri> {
    let is_origin = !text.contains('@') && text.matches('/').count() == 2;
    let url: Uri = is_origin.then(|| text.parse().ok())??;
    default_port(&url).map(|_| url)
}

/// Whether a URL has the host and port of the `Host` header. A default port may be missing in
/// either.
fn names_host(url: &Uri, headers: &HeaderMap) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host = host.and_then(|host| host.parse::<Authority>().ok());
    let (Some(host), Some(default_port)) = (host, default_port(url)) else { return false };
    url.host().is_some_and(|name| name.eq_ignore_ascii_case(host.host()))
        && url.port_u16().unwrap_or(default_port) == host.port_u16().unwrap_or(default_port)
}

fn default_port(url: &Uri) -> Option<u16> {
    match url.scheme_str() {
        Some("http") => Some(80),
        Some("https") => Some(443),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    type Headers<'a> = &'a [(&'static str, &'static str)];

    fn map(headers: Headers<'_>) -> HeaderMap {
        let pairs = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        pairs.collect()
    }

    fn site(public_url: Option<&str>, https_only: bool) -> SiteOrigin {
        SiteOrigin { public_url: public_url.map(str::to_owned), https_only }
    }

    fn is_ours(headers: Headers<'_>, public_url: Option<&str>) -> bool {
        site(public_url, false).sender(&map(headers)) == Sender::ThisSite
    }

    #[test]
    fn sec_fetch_site_decides_when_present() {
        assert!(is_ours(&[("sec-fetch-site", "same-origin")], None));
        assert!(is_ours(&[("sec-fetch-site", "none")], None));
        for other in ["same-site", "cross-site", "", "Same-Origin"] {
            let headers =
                [("sec-fetch-site", other), ("host", "a.example"), ("origin", "https://a.example")];
            assert!(!is_ours(&headers, None), "{other}");
        }
    }

    #[test]
    fn without_it_the_origin_must_name_this_site() {
        let at = |origin, host| is_ours(&[("origin", origin), ("host", host)], None);
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
        assert!(!is_ours(&[("origin", "https://a.example")], None));
    }

    #[test]
    fn in_production_the_origin_must_be_https_or_the_public_url() {
        let sender = |origin, public_url| {
            let headers = [("origin", origin), ("host", "a.example")];
            site(public_url, true).sender(&map(&headers))
        };
        assert_eq!(sender("https://a.example", None), Sender::ThisSite);
        for plain in ["http://a.example", "http://A.example:80", "HTTP://a.example"] {
            assert_eq!(sender(plain, None), Sender::PlainHttp, "{plain}");
        }
        assert_eq!(sender("http://a.example", Some("http://a.example")), Sender::ThisSite);
        assert_eq!(sender("http://a.example", Some("https://a.example")), Sender::PlainHttp);
        assert_eq!(sender("http://b.example", None), Sender::AnotherHost);
    }

    #[test]
    fn a_repeated_header_must_name_this_site_every_time() {
        let twice =
            |name, one, other| is_ours(&[("host", "a.example"), (name, one), (name, other)], None);
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
        assert!(is_ours(&headers, Some("https://a.example")));
        assert!(!is_ours(&headers, Some("https://b.example")));
        assert!(!is_ours(&[("origin", "null")], Some("null.example")));
    }

    #[test]
    fn a_request_without_either_header_is_not_from_a_browser() {
        assert!(is_ours(&[("host", "a.example")], None));
    }

    #[test]
    fn a_host_that_the_origin_does_not_name_is_noticed() {
        let unlike = |public_url, headers: Headers<'_>| {
            site(public_url, true).unlike_host(&map(headers)).map(str::to_owned)
        };
        let ours = ("origin", "https://a.example");
        for host in ["waxseal", "a.example:8080", "127.0.0.1"] {
            let headers = [ours, ("host", host)];
            assert_eq!(unlike(None, &headers).as_deref(), Some("https://a.example"), "{host}");
            assert_eq!(unlike(Some("https://a.example"), &headers), None, "{host}");
        }
        assert_eq!(unlike(None, &[ours, ("host", "a.example")]), None);
        assert_eq!(unlike(None, &[ours]).as_deref(), Some("https://a.example"));
        for other in ["null", "", "https://", "ftp://a.example", "https://a.example/b"] {
            assert_eq!(unlike(None, &[("origin", other), ("host", "waxseal")]), None, "{other}");
        }
    }

    #[test]
    fn the_page_of_this_host_that_a_request_comes_from_tells_its_scheme() {
        let scheme = |headers: Headers<'_>| scheme_of_own_page(&map(headers));
        let host = ("host", "a.example");
        assert_eq!(scheme(&[host, ("referer", "http://a.example/b?c")]).as_deref(), Some("http"));
        assert_eq!(scheme(&[host, ("referer", "https://a.example/")]).as_deref(), Some("https"));
        assert_eq!(scheme(&[host, ("origin", "https://a.example")]).as_deref(), Some("https"));
        assert_eq!(scheme(&[host, ("referer", "http://b.example/")]), None);
        assert_eq!(scheme(&[host, ("referer", "about:blank")]), None);
        assert_eq!(scheme(&[host]), None);
    }
}
