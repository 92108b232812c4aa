//! Slips in the setup that would otherwise fail without a word: the site over plain HTTP, a proxy that
//! is not trusted or changes `Host`, a browser that keeps no cookie.
//!
//! The page says what a person can do, and the log, once for each address, which setting fixes it. The signs
//! are what browsers and proxies send, so a client can fake them: nothing is decided by them.

mod lost_cookies;
mod plain_http;
mod warnings;

use std::net::IpAddr;

use actix_web::{HttpRequest, http::StatusCode, web::Data};
use waxseal_session::Clock;

use self::{lost_cookies::LostCookies, warnings::Warnings};
use super::{
    extractors::trusted_proxies::ProxySlip,
    site_origin::{Sender, SiteOrigin},
};

/// Watches requests for slips in the setup.
pub struct SetupChecks {
    origin: SiteOrigin,
    lost_cookies: LostCookies,
    warnings: Warnings,
}

/// What the log-in or sign-up page tells about the connection, if anything is wrong with it.
pub(crate) fn connection_hint(request: &HttpRequest) -> Option<String> {
    request.app_data::<Data<SetupChecks>>()?.hint(request)
}

impl SetupChecks {
    /// Checks for a site with these origins, whose session cookie has this name.
    pub fn new(origin: SiteOrigin, cookie_name: String, clock: Clock) -> Self {
        let lost_cookies = LostCookies::new(cookie_name, clock);
        Self { origin, lost_cookies, warnings: Warnings::default() }
    }

    fn hint(&self, request: &HttpRequest) -> Option<String> {
        if self.origin.https_only && plain_http::is_likely(request.headers()) {
            self.warnings.plain_http(request);
            return Some(self.plain_http_hint());
        }
        if self.lost_cookies.is_lost(request) {
            self.warnings.lost_cookie(request);
            let hint = "You logged in, but your browser did not keep the cookie. Allow cookies for \
                this site, and log in again. If you do allow them, tell the administrator of this \
                site: the log says what to look at.";
            return Some(hint.to_owned());
        }
        None
    }

    /// What a person can do whose browser got the page over plain HTTP.
    pub(crate) fn plain_http_hint(&self) -> String {
        let problem = "This site is being reached over plain HTTP, so your browser will not keep you \
            logged in.";
        let public = self.origin.public_url.as_deref();
        match public.filter(|url| url.starts_with("https://")) {
            Some(url) => format!("{problem} Use {url} instead."),
            None => format!(
                "{problem} Use https:// in place of http:// in its address. If that does not work, \
                 tell the administrator of this site: the log says what to set up."
            ),
        }
    }

    /// Looks at where a request with an unsafe method comes from.
    pub(crate) fn check_sender(&self, sender: Sender, request: &HttpRequest) {
        match sender {
            Sender::PlainHttp => self.warnings.plain_http(request),
            Sender::ThisSite | Sender::AnotherHost => {
                if let Some(origin) = self.origin.unlike_host(request.headers()) {
                    self.warnings.rewritten_host(origin, request);
                }
            }
            Sender::AnotherSite => {}
        }
    }

    /// Looks at what a proxy said of the client, once it is known whether the request was limited.
    pub(super) fn check_proxy(&self, slip: ProxySlip, status: StatusCode) {
        match slip {
            ProxySlip::Unlisted(address) if status == StatusCode::TOO_MANY_REQUESTS => {
                self.warnings.limited_proxy(address);
            }
            ProxySlip::Unlisted(address) if is_internal(address) => {
                self.warnings.unlisted_proxy(address);
            }
            // Any client on the internet can send these headers.
            ProxySlip::Unlisted(_) => {}
            ProxySlip::NoForwardedFor(address) => self.warnings.no_forwarded_for(address),
        }
    }

    pub(super) fn lost_cookies(&self) -> &LostCookies {
        &self.lost_cookies
    }
}

/// Whether an address is one of this machine or of an internal network, where proxies are.
fn is_internal(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(ip) => {
            // 100.64.0.0/10 is shared address space (RFC 6598): clouds and VPNs use it.
            let [first, second, ..] = ip.octets();
            let is_shared = first == 100 && second & 0b1100_0000 == 64;
            ip.is_loopback() || ip.is_private() || ip.is_link_local() || is_shared
        }
        IpAddr::V6(ip) => ip.is_loopback() || ip.is_unique_local() || ip.is_unicast_link_local(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn internal_addresses_are_those_that_the_internet_does_not_route() {
        for internal in [
            "127.0.0.1",
            "10.1.2.3",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "::1",
            "fd00::1",
            "fe80::1",
        ] {
            assert!(is_internal(internal.parse().unwrap()), "{internal}");
        }
        for public in ["203.0.113.9", "172.32.0.1", "100.63.0.1", "100.128.0.1", "2001:db8::1"] {
            assert!(!is_internal(public.parse().unwrap()), "{public}");
        }
    }
}
