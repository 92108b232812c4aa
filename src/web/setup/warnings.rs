//! The log lines about slips in the setup. Each kind is logged once per process: the cause stays until
//! a setting changes, and anyone can send what looks like it.

use std::{net::IpAddr, sync::Once};

use actix_web::{
    HttpRequest,
    http::header::{HOST, HeaderMap},
};

use crate::web::extractors::client_info;

/// The target of these lines.
const TARGET: &str = "waxseal::setup";

/// How many characters of a header are logged: a name has at most 253.
const MAX_CHARS: usize = 300;

/// Which kinds have been logged.
pub(super) struct Warnings {
    plain_http: Once,
    lost_cookie: Once,
    rewritten_host: Once,
    unlisted_proxy: Once,
    limited_proxy: Once,
    no_forwarded_for: Once,
}

impl Warnings {
    pub(super) const fn new() -> Self {
        Self {
            plain_http: Once::new(),
            lost_cookie: Once::new(),
            rewritten_host: Once::new(),
            unlisted_proxy: Once::new(),
            limited_proxy: Once::new(),
            no_forwarded_for: Once::new(),
        }
    }

    pub(super) fn plain_http(&self, request: &HttpRequest) {
        self.plain_http.call_once(|| {
            let from = address(request);
            log::warn!(
                target: TARGET,
                "a browser at {from} seems to reach this site over plain HTTP: with \
                 APP_ENV=production its cookie needs HTTPS, so no one can stay logged in. Put a proxy \
                 with TLS in front, which sends \"X-Forwarded-Proto: https\" and, if it changes Host, \
                 set PUBLIC_URL. To try waxseal on one machine, set APP_ENV=development",
            );
        });
    }

    pub(super) fn lost_cookie(&self, request: &HttpRequest) {
        self.lost_cookie.call_once(|| {
            let from = address(request);
            log::warn!(
                target: TARGET,
                "a browser at {from} logged in and came back without its cookie. If it happens to \
                 everyone, the cookie is lost on the way: a proxy has to pass on Set-Cookie and \
                 Cookie, and with APP_ENV=production browsers need HTTPS. If not, that browser \
                 blocks cookies",
            );
        });
    }

    pub(super) fn rewritten_host(&self, origin: &str, headers: &HeaderMap) {
        self.rewritten_host.call_once(|| {
            let host = headers.get(HOST).map_or(&b""[..], |host| host.as_bytes());
            let (origin, host) = (shortened(origin.as_bytes()), shortened(host));
            log::warn!(
                target: TARGET,
                "a form from {origin} came with the Host \"{host}\": browsers that don't send \
                 Sec-Fetch-Site get 403. If {origin} is this site, a proxy changes Host: have it \
                 pass it on (nginx: proxy_set_header Host $http_host), or set PUBLIC_URL={origin}",
            );
        });
    }

    pub(super) fn unlisted_proxy(&self, address: IpAddr) {
        self.unlisted_proxy.call_once(|| {
            log::warn!(
                target: TARGET,
                "{address} says for whom it asks (X-Forwarded-For, Forwarded or X-Real-IP), but is \
                 not in TRUSTED_PROXIES: everyone who comes through it counts as one address. If it \
                 is your proxy, add {address} to TRUSTED_PROXIES; if not, that client made it up",
            );
        });
    }

    pub(super) fn limited_proxy(&self, address: IpAddr) {
        self.limited_proxy.call_once(|| {
            log::warn!(
                target: TARGET,
                "log-ins or sign-ups from {address} are being limited. It says for whom it asks \
                 (X-Forwarded-For, Forwarded or X-Real-IP), but is not in TRUSTED_PROXIES. If it is \
                 your proxy, this limits everyone who comes through it: add {address} to \
                 TRUSTED_PROXIES; if not, that client made it up",
            );
        });
    }

    pub(super) fn no_forwarded_for(&self, address: IpAddr) {
        self.no_forwarded_for.call_once(|| {
            log::warn!(
                target: TARGET,
                "{address} is in TRUSTED_PROXIES, but sends Forwarded or X-Real-IP and no \
                 X-Forwarded-For: everyone who comes through it counts as one address. Have it send \
                 X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $remote_addr)",
            );
        });
    }
}

fn address(request: &HttpRequest) -> String {
    let address = client_info::address(request);
    if address.is_empty() { "an unknown address".to_owned() } else { address }
}

fn shortened(text: &[u8]) -> String {
    text.escape_ascii().to_string().chars().take(MAX_CHARS).collect()
}
