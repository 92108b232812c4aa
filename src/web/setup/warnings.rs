//! The log lines about slips in the setup. The cause stays until a setting changes, and anyone can send
//! what looks like it: so each kind is logged once for each address or origin, and only for some of them.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use actix_web::{HttpRequest, http::header::HOST};

use crate::{accounts::client_network, web::extractors::client_info};

/// The target of these lines.
const TARGET: &str = "waxseal::setup";

/// How many characters of a header are logged: a name has at most 253.
const MAX_CHARS: usize = 300;

/// How many lines of a kind are logged.
const MAX_LINES: usize = 16;

/// How many of them one network can cause, so that a client doesn't use up those about your proxies.
const MAX_LINES_OF_NETWORK: usize = 4;

/// What has been logged of each kind.
#[derive(Default)]
pub(super) struct Warnings {
    plain_http: Told<Option<IpAddr>>,
    lost_cookie: Told<Option<IpAddr>>,
    rewritten_host: Told<String>,
    unlisted_proxy: Told<IpAddr>,
    limited_proxy: Told<IpAddr>,
    no_forwarded_for: Told<IpAddr>,
}

/// What lines of one kind have been about, and the networks of the clients that caused them.
struct Told<T>(Mutex<Vec<(T, Option<String>)>>);

impl<T> Default for Told<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: PartialEq> Told<T> {
    /// Whether to log a line about this, which a client at this address has caused.
    fn is_news(&self, about: T, from: Option<IpAddr>) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if told.len() >= MAX_LINES || told.iter().any(|(other, _)| *other == about) {
            return false;
        }
        let network = from.map(|address| client_network(&address.to_string()));
        let of_network = told.iter().filter(|(_, other)| *other == network).count();
        let is_news = of_network < MAX_LINES_OF_NETWORK;
        if is_news {
            told.push((about, network));
        }
        is_news
    }
}

impl Warnings {
    pub(super) fn plain_http(&self, request: &HttpRequest) {
        let from = client_info::ip_address(request);
        if self.plain_http.is_news(from, from) {
            let from = spelled(from);
            log::warn!(
                target: TARGET,
                "a browser at {from} seems to reach this site over plain HTTP: with \
                 APP_ENV=production its cookie needs HTTPS, so no one can stay logged in. Put a proxy \
                 with TLS in front, which sends \"X-Forwarded-Proto: https\" and, if it changes Host, \
                 set PUBLIC_URL. To try waxseal on one machine, set APP_ENV=development",
            );
        }
    }

    pub(super) fn lost_cookie(&self, request: &HttpRequest) {
        let from = client_info::ip_address(request);
        if self.lost_cookie.is_news(from, from) {
            let from = spelled(from);
            log::warn!(
                target: TARGET,
                "a browser at {from} logged in and came back without its cookie. If it happens to \
                 everyone, the cookie is lost on the way: a proxy has to pass on Set-Cookie and \
                 Cookie, and with APP_ENV=production browsers need HTTPS. If not, that browser \
                 blocks cookies",
            );
        }
    }

    pub(super) fn rewritten_host(&self, origin: &str, request: &HttpRequest) {
        let origin = shortened(origin.as_bytes());
        if self.rewritten_host.is_news(origin.clone(), client_info::ip_address(request)) {
            let host = request.headers().get(HOST).map_or(&b""[..], |host| host.as_bytes());
            let host = shortened(host);
            log::warn!(
                target: TARGET,
                "a form from {origin} came with the Host \"{host}\": browsers that don't send \
                 Sec-Fetch-Site get 403. If {origin} is this site, a proxy changes Host: have it \
                 pass it on (nginx: proxy_set_header Host $http_host), or set PUBLIC_URL={origin}",
            );
        }
    }

    pub(super) fn unlisted_proxy(&self, address: IpAddr) {
        if self.unlisted_proxy.is_news(address, Some(address)) {
            log::warn!(
                target: TARGET,
                "{address} sends X-Forwarded-For, Forwarded or X-Real-IP, but is not in TRUSTED_PROXIES: \
                 everyone who comes through it counts as one address. If it \
                 is your proxy, add {address} to TRUSTED_PROXIES; if not, that client made it up",
            );
        }
    }

    pub(super) fn limited_proxy(&self, address: IpAddr) {
        if self.limited_proxy.is_news(address, Some(address)) {
            log::warn!(
                target: TARGET,
                "log-ins or sign-ups from {address} are being limited. It sends X-Forwarded-For, \
                 Forwarded or X-Real-IP, but is not in TRUSTED_PROXIES. If it is \
                 your proxy, this limits everyone who comes through it: add {address} to \
                 TRUSTED_PROXIES; if not, that client made it up",
            );
        }
    }

    pub(super) fn no_forwarded_for(&self, address: IpAddr) {
        if self.no_forwarded_for.is_news(address, Some(address)) {
            log::warn!(
                target: TARGET,
                "{address} is in TRUSTED_PROXIES, but sends Forwarded or X-Real-IP and no \
                 X-Forwarded-For: everyone who comes through it counts as one address. Have it send \
                 X-Forwarded-For (nginx: proxy_set_header X-Forwarded-For $remote_addr)",
            );
        }
    }
}

fn spelled(address: Option<IpAddr>) -> String {
    address.map_or_else(|| "an unknown address".to_owned(), |address| address.to_string())
}

fn shortened(text: &[u8]) -> String {
    text.escape_ascii().to_string().chars().take(MAX_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(addresses: impl Iterator<Item = String>) -> usize {
        let told = Told::default();
        let addresses = addresses.map(|address| address.parse().unwrap());
        addresses.filter(|address| told.is_news(*address, Some(*address))).count()
    }

    #[test]
    fn the_lines_of_a_kind_are_bounded_and_a_network_causes_few_of_them() {
        let hosts = (1..=255).map(|host| format!("192.0.2.{host}"));
        assert_eq!(lines(hosts.clone().chain(hosts)), MAX_LINES);
        let one_network = (1..=99).map(|host| format!("2001:db8::{host}"));
        assert_eq!(lines(one_network.clone()), MAX_LINES_OF_NETWORK);
        assert_eq!(lines(one_network.chain(["10.0.0.1".to_owned()])), MAX_LINES_OF_NETWORK + 1);
    }
}
