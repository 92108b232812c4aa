//! Parses any `TRUSTED_PROXIES` and any bytes as `X-Forwarded-For` headers. The client address must be the
//! one that a second parser finds, and never a trusted one if there is an untrusted one.
//!
//! The first line is the setting, the second the peer's address, each further line a header.

#![no_main]

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use actix_web::{http::header::HeaderValue, test::TestRequest};
use libfuzzer_sys::fuzz_target;
use waxseal::web::trusted_proxies::TrustedProxies;

fuzz_target!(|data: &[u8]| {
    let mut lines = data.split(|byte| *byte == b'\n');
    let setting = str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default();
    let networks: Option<Vec<Network>> = networks(setting);
    let proxies = setting.parse::<TrustedProxies>();
    assert_eq!(proxies.is_ok(), networks.is_some(), "{setting:?}: {proxies:?}");
    let (Ok(proxies), Some(networks)) = (proxies, networks) else { return };

    let peer = str::from_utf8(lines.next().unwrap_or_default()).unwrap_or_default();
    let Ok(peer) = peer.parse::<IpAddr>() else { return };
    let lines: Vec<&[u8]> = lines.collect();
    let mut request = TestRequest::default().peer_addr(SocketAddr::new(peer, 4711));
    for line in &lines {
        // Invalid header values never get this far.
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        request = request.append_header(("x-forwarded-for", value));
    }
    let client = proxies.client_address(&request.to_http_request()).unwrap();
    assert_eq!(client, expected(&networks, peer, &lines));
});

/// The last untrusted hop after the last unreadable one; if all are trusted, the first.
fn expected(networks: &[Network], peer: IpAddr, lines: &[&[u8]]) -> IpAddr {
    let entries = lines.join(&b',');
    let mut hops: Vec<Option<IpAddr>> = if lines.is_empty() {
        Vec::new()
    } else {
        entries.split(|byte| *byte == b',').map(address).collect()
    };
    hops.push(Some(peer.to_canonical()));
    let unknown = hops.iter().rposition(Option::is_none).map_or(0, |at| at + 1);
    let known: Vec<IpAddr> = hops[unknown..].iter().copied().flatten().collect();
    let is_trusted = |hop: &&IpAddr| networks.iter().any(|network| network.has(**hop));
    *known.iter().rfind(|hop| !is_trusted(hop)).unwrap_or(&known[0])
}

/// Parses an entry: `a`, `a:1`, `[a]` or `[a]:1`. IPv6 with a port needs brackets; IPv4 has none.
fn address(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry).ok()?.trim_matches([' ', '\t']);
    let address = if let Some(rest) = text.strip_prefix('[') {
        let (inside, port) = rest.split_once(']')?;
        if !port.is_empty() {
            number::<u16>(port.strip_prefix(':')?)?;
        }
        // The scope of a link-local address (`%1`) is accepted only if a port follows.
        let inside = match inside.split_once('%') {
            Some((inside, scope)) if !port.is_empty() => number::<u32>(scope).map(|_| inside)?,
            _ => inside,
        };
        IpAddr::V6(inside.parse().ok()?)
    } else if text.matches(':').count() == 1 {
        let (host, port) = text.split_once(':')?;
        number::<u16>(port)?;
        IpAddr::V4(host.parse().ok()?)
    } else {
        text.parse().ok()?
    };
    Some(address.to_canonical())
}

fn number<T: FromStr>(text: &str) -> Option<T> {
    if text.bytes().all(|byte| byte.is_ascii_digit()) { text.parse().ok() } else { None }
}

/// A network as the common bits of its addresses. IPv4 addresses are compared as IPv4-mapped IPv6.
struct Network {
    first: u128,
    length: u32,
    is_v4: bool,
}

impl Network {
    fn has(&self, address: IpAddr) -> bool {
        let other_bits = 128 - self.length;
        let differ = bits(address) ^ self.first;
        address.is_ipv4() == self.is_v4 && differ.checked_shr(other_bits).unwrap_or(0) == 0
    }
}

fn bits(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().to_bits(),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn networks(setting: &str) -> Option<Vec<Network>> {
    let entries = setting.split(',').map(str::trim).filter(|entry| !entry.is_empty());
    entries.map(network).collect()
}

fn network(text: &str) -> Option<Network> {
    let (address, length) = match text.split_once('/') {
        Some((address, length)) => (address.parse::<IpAddr>().ok()?, Some(number(length)?)),
        None => (text.parse::<IpAddr>().ok()?, None),
    };
    let width = if address.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(width);
    if length > width {
        return None;
    }
    let length = length + 128 - width;
    let is_v4 = length >= 96 && address.to_canonical().is_ipv4();
    Some(Network { first: bits(address), length, is_v4 })
}
