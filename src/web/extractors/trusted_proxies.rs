//! The client's address behind trusted proxies: `X-Forwarded-For`, and which part of it is believed.
//!
//! A proxy appends the address of its client to `X-Forwarded-For`; anything before that may be
//! forged. So the header is read from its end, for as long as each hop is one of `TRUSTED_PROXIES`.
//! No other header is believed.

use std::{
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use actix_web::HttpRequest;
use ipnet::{IpNet, Ipv4Net};

const X_FORWARDED_FOR: &str = "x-forwarded-for";

/// The word in `TRUSTED_PROXIES` for whatever connects to a UNIX socket.
const UNIX: &str = "unix";

/// Headers in which other software looks for the client's address.
const OTHER_HEADERS: [&str; 2] = ["forwarded", "x-real-ip"];

/// The proxies whose `X-Forwarded-For` is believed: `TRUSTED_PROXIES`, by default none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrustedProxies {
    networks: Vec<IpNet>,
    /// Whether the peers of a UNIX socket are trusted. They have no address.
    unix: bool,
}

/// Marks a connection through a UNIX socket. Without an address alone, a peer is not one: a TCP
/// connection that has been reset has none either.
pub(crate) struct UnixPeer;

/// What looks like a slip in the setup of a proxy. A client can make it look so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ProxySlip {
    /// This address names another client, but is not trusted to.
    Unlisted(IpAddr),
    /// This proxy is trusted, but names the client only in headers that are not believed.
    NoForwardedFor(IpAddr),
}

impl TrustedProxies {
    /// The address of the client: the peer or, where that is a trusted proxy, the right-most
    /// address of `X-Forwarded-For` that is not trusted. If all are trusted, the left-most; if an
    /// entry can't be read, the last hop that could. IPv4-mapped IPv6 addresses
    /// (`::ffff:192.0.2.1`) count as IPv4.
    ///
    /// `None` where the connection has no address: through a UNIX socket whose peers are not trusted,
    /// or that passed on no address.
    pub fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let peer = match request.peer_addr() {
            Some(peer) => Some(peer.ip()),
            None if self.unix && request.conn_data::<UnixPeer>().is_some() => None,
            None => return None,
        };
        self.walk(peer, &forwarded_for(request)).0
    }

    /// What looks like a slip in the setup of a proxy that passed the request on.
    pub(crate) fn slip(&self, request: &HttpRequest) -> Option<ProxySlip> {
        let peer = request.peer_addr()?.ip().to_canonical();
        let lists = forwarded_for(request);
        let others = || OTHER_HEADERS.iter().any(|name| request.headers().contains_key(*name));
        match self.walk(Some(peer), &lists) {
            (Some(hop), true) => Some(ProxySlip::Unlisted(hop)),
            _ if !lists.is_empty() || !others() => None,
            _ if self.trusts(peer) => Some(ProxySlip::NoForwardedFor(peer)),
            _ => Some(ProxySlip::Unlisted(peer)),
        }
    }

    /// Whether all IPv4 or all IPv6 addresses are trusted.
    pub fn trust_everyone(&self) -> bool {
        self.networks.iter().any(|net| net.prefix_len() == 0)
    }

    /// Whether no proxy is trusted.
    pub fn trust_no_one(&self) -> bool {
        self.networks.is_empty() && !self.unix
    }

    /// Whether whatever connects to a UNIX socket is trusted.
    pub fn trust_unix(&self) -> bool {
        self.unix
    }

    /// Goes back from the peer, hop by hop, to the first hop that is not trusted. Also says whether
    /// that hop named another one. A peer without an address is trusted.
    fn walk(&self, peer: Option<IpAddr>, lists: &[&[u8]]) -> (Option<IpAddr>, bool) {
        let entries = lists.iter().rev().flat_map(|list| list.rsplit(|&byte| byte == b','));
        let mut hop = peer.map(|peer| peer.to_canonical());
        for entry in entries {
            // An empty entry is no address either: it may stand for a client that the proxy did not
            // know, and anything left of it would be that client's own claim.
            let Some(previous) = parse_entry(entry) else { break };
            if hop.is_some_and(|hop| !self.trusts(hop)) {
                return (hop, true);
            }
            hop = Some(previous);
        }
        (hop, false)
    }

    fn trusts(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|net| net.contains(&address))
    }
}

/// The lists of `X-Forwarded-For`. Several headers are one list, in order (RFC 9110, section 5.3).
fn forwarded_for(request: &HttpRequest) -> Vec<&[u8]> {
    request.headers().get_all(X_FORWARDED_FOR).map(|value| value.as_bytes()).collect()
}

/// Parses an entry: an address, with brackets, a port, or both.
fn parse_entry(entry: &[u8]) -> Option<IpAddr> {
    let text = str::from_utf8(entry.trim_ascii()).ok()?;
    let bare = || text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let address = match (text.parse(), text.parse::<SocketAddr>(), bare()) {
        (Ok(address), _, _) => address,
        (_, Ok(with_port), _) => with_port.ip(),
        (_, _, Some(bracketed)) => IpAddr::V6(bracketed.parse().ok()?),
        _ => return None,
    };
    Some(address.to_canonical())
}

/// An entry of `TRUSTED_PROXIES` that can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} must be an IP address or a CIDR, such as 10.0.0.1 or 10.0.0.0/8, or the word unix; commas \
     separate several"
)]
pub struct InvalidProxy(String);

impl FromStr for TrustedProxies {
    type Err = InvalidProxy;

    fn from_str(text: &str) -> Result<Self, InvalidProxy> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let (unix, networks): (Vec<_>, Vec<_>) = entries.partition(|entry| *entry == UNIX);
        let networks = networks.into_iter().map(parse_network).collect::<Result<_, _>>()?;
        Ok(Self { networks, unix: !unix.is_empty() })
    }
}

fn parse_network(text: &str) -> Result<IpNet, InvalidProxy> {
    let net = parse_cidr(text).ok_or_else(|| InvalidProxy(text.to_owned()))?;
    let mapped = match net {
        IpNet::V6(net) => net.addr().to_ipv4_mapped().zip(net.prefix_len().checked_sub(96)),
        IpNet::V4(_) => None,
    };
    Ok(mapped
        .and_then(|(address, length)| Ipv4Net::new(address, length).ok())
        .map_or(net, IpNet::V4))
}

/// Parses the address of a CIDR as strictly as a single one: ipnet reads `010.0.0.0/8` as
/// `10.0.0.0/8`, other software as `8.0.0.0/8`.
fn parse_cidr(text: &str) -> Option<IpNet> {
    let Some((address, length)) = text.split_once('/') else {
        return Some(IpNet::from(text.parse::<IpAddr>().ok()?.to_canonical()));
    };
    let digits = length.bytes().all(|byte| byte.is_ascii_digit());
    let length = digits.then(|| length.parse().ok())??;
    IpNet::new(address.parse().ok()?, length).ok()
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;
    use proptest::prelude::*;

    use super::*;

    /// Proxies in both families.
    const PROXIES: &str = "10.0.0.0/8, 192.0.2.1, 2001:db8:1::/48";

    fn request(peer: &str, headers: &[(&str, &str)]) -> HttpRequest {
        let peer = SocketAddr::new(peer.parse().unwrap(), 4711);
        let request = TestRequest::default().peer_addr(peer);
        let add = |request: TestRequest, header: &(&str, &str)| request.append_header(*header);
        headers.iter().fold(request, add).to_http_request()
    }

    fn client(peer: &str, lists: &[&str]) -> String {
        let headers: Vec<_> = lists.iter().map(|list| (X_FORWARDED_FOR, *list)).collect();
        let proxies: TrustedProxies = PROXIES.parse().unwrap();
        proxies.client_address(&request(peer, &headers)).unwrap().to_string()
    }

    #[test]
    fn a_proxy_that_is_not_trusted_or_says_nothing_that_is_believed_is_noticed() {
        use ProxySlip::{NoForwardedFor, Unlisted};

        let slip = |peer: &str, headers: &[(&str, &str)]| {
            PROXIES.parse::<TrustedProxies>().unwrap().slip(&request(peer, headers))
        };
        let address = |text: &str| text.parse::<IpAddr>().unwrap();
        let list = |list| (X_FORWARDED_FOR, list);
        let unlisted = |text| Some(Unlisted(address(text)));
        assert_eq!(slip("127.0.0.1", &[list("203.0.113.9")]), unlisted("127.0.0.1"));
        assert_eq!(slip("::ffff:127.0.0.1", &[list("203.0.113.9")]), unlisted("127.0.0.1"));
        assert_eq!(slip("127.0.0.1", &[("x-real-ip", "203.0.113.9")]), unlisted("127.0.0.1"));
        assert_eq!(slip("127.0.0.1", &[("forwarded", "for=203.0.113.9")]), unlisted("127.0.0.1"));
        let behind = [list("203.0.113.9, 192.168.0.5")];
        assert_eq!(slip("10.0.0.1", &behind), unlisted("192.168.0.5"), "a proxy behind a proxy");
        let other = [("x-real-ip", "203.0.113.9")];
        assert_eq!(slip("10.0.0.1", &other), Some(NoForwardedFor(address("10.0.0.1"))));

        assert_eq!(slip("127.0.0.1", &[]), None);
        assert_eq!(slip("127.0.0.1", &[list("")]), None);
        assert_eq!(slip("127.0.0.1", &[list("unknown")]), None);
        assert_eq!(slip("10.0.0.1", &[]), None);
        assert_eq!(slip("10.0.0.1", &[list("203.0.113.9")]), None);
        assert_eq!(slip("10.0.0.1", &[list("203.0.113.9"), other[0]]), None);
    }

    #[test]
    fn a_peer_that_is_not_trusted_is_the_client_whatever_it_says() {
        for peer in ["203.0.113.9", "192.0.2.2", "2001:db8:2::1", "11.0.0.1"] {
            for lists in [&[][..], &["198.51.100.7"], &["10.0.0.1"], &["", ","], &["1.1.1.1", "x"]]
            {
                assert_eq!(client(peer, lists), peer, "{lists:?}");
            }
        }
    }

    #[test]
    fn behind_a_trusted_peer_the_right_most_address_that_is_not_trusted_is_the_client() {
        for (lists, expected) in [
            (&["203.0.113.9"][..], "203.0.113.9"),
            (&["198.51.100.7, 203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.7,203.0.113.9,10.1.1.1,192.0.2.1"], "203.0.113.9"),
            (&["198.51.100.7", "203.0.113.9"], "203.0.113.9"),
            (&["198.51.100.7, 203.0.113.9", "10.1.1.1"], "203.0.113.9"),
            (&["203.0.113.9", "2001:db8:1::5", "10.1.1.1"], "203.0.113.9"),
            (&["\t203.0.113.9  "], "203.0.113.9"),
            (&["2001:db8:2::1"], "2001:db8:2::1"),
            (&["2001:DB8:2:0::0:1"], "2001:db8:2::1"),
        ] {
            for peer in ["10.0.0.1", "192.0.2.1", "2001:db8:1::1", "::ffff:10.0.0.1"] {
                assert_eq!(client(peer, lists), expected, "{lists:?}");
            }
        }
    }

    #[test]
    fn entries_may_have_brackets_and_ports() {
        for (entry, expected) in [
            ("203.0.113.9:567", "203.0.113.9"),
            ("[2001:db8:2::1]:567", "2001:db8:2::1"),
            ("[2001:db8:2::1]", "2001:db8:2::1"),
            ("::ffff:203.0.113.9", "203.0.113.9"),
            ("[::ffff:203.0.113.9]:567", "203.0.113.9"),
            ("203.0.113.9, ::ffff:10.0.0.2", "203.0.113.9"),
            ("203.0.113.9, 10.0.0.2:80, [2001:db8:1::2]:80", "203.0.113.9"),
        ] {
            assert_eq!(client("10.0.0.1", &[entry]), expected, "{entry}");
        }
    }

    #[test]
    fn what_is_no_address_ends_the_search_at_the_last_hop_that_was_one() {
        for garbage in [
            "",
            " ",
            "unknown",
            "_hidden",
            "unix:",
            "localhost",
            "203.0.113",
            "203.0.113.256",
            "203.0.113.9:",
            "203.0.113.9:99999",
            "203.0.113.9 x",
            "203.0.113.9/32",
            "0x7f.0.0.1",
            "[203.0.113.9]",
            "[203.0.113.9]:567",
            "[2001:db8:2::1",
            "2001:db8:2::1]",
            "[]",
            "[",
            "\"203.0.113.9\"",
            "for=203.0.113.9",
            "<b>",
            "1.1.1.1;2.2.2.2",
            "\u{e9}",
        ] {
            assert_eq!(client("10.0.0.1", &[garbage]), "10.0.0.1", "{garbage}");
            let list = format!("203.0.113.9, {garbage}, 10.2.2.2");
            assert_eq!(client("10.0.0.1", &[&list]), "10.2.2.2", "{list}");
            assert_eq!(client("10.0.0.1", &["203.0.113.9", garbage, "10.2.2.2"]), "10.2.2.2");
            let list = format!("{garbage}, 203.0.113.9");
            assert_eq!(client("10.0.0.1", &[&list]), "203.0.113.9", "{list}");
        }
    }

    #[test]
    fn where_all_are_trusted_the_left_most_is_the_client() {
        assert_eq!(client("10.0.0.1", &["10.3.3.3, 10.2.2.2", "192.0.2.1"]), "10.3.3.3");
        assert_eq!(client("10.0.0.1", &[]), "10.0.0.1");
        assert_eq!(client("::ffff:10.0.0.1", &[]), "10.0.0.1");
    }

    #[test]
    fn no_other_header_is_believed() {
        let request = TestRequest::default()
            .peer_addr("10.0.0.1:4711".parse().unwrap())
            .insert_header(("Forwarded", "for=203.0.113.9"))
            .insert_header(("X-Real-IP", "203.0.113.9"))
            .insert_header(("True-Client-IP", "203.0.113.9"))
            .to_http_request();
        let proxies: TrustedProxies = PROXIES.parse().unwrap();
        assert_eq!(proxies.client_address(&request), Some("10.0.0.1".parse().unwrap()));
    }

    #[test]
    fn proxies_are_addresses_and_cidrs_of_both_families() {
        let trusts = |proxies: &str, address: &str| {
            proxies.parse::<TrustedProxies>().unwrap().trusts(address.parse().unwrap())
        };
        assert!(trusts("10.0.0.1", "10.0.0.1") && !trusts("10.0.0.1", "10.0.0.2"));
        assert!(trusts("10.1.2.3/8", "10.9.9.9") && !trusts("10.1.2.3/8", "11.0.0.1"));
        assert!(trusts("0.0.0.0/0", "203.0.113.9") && !trusts("0.0.0.0/0", "2001:db8::1"));
        assert!(trusts("::/0", "2001:db8::1") && !trusts("::/0", "203.0.113.9"));
        assert!(trusts("::1", "::1") && !trusts("::1", "127.0.0.1"));
        assert!(trusts("::ffff:10.0.0.1", "10.0.0.1"));
        assert!(trusts("::ffff:10.0.0.0/104", "10.9.9.9"));
        assert!(!trusts("::ffff:10.0.0.0/104", "11.0.0.1"));
        assert!(trusts(" 10.0.0.1 ,, ::1,", "::1"));
        assert!(!trusts("", "127.0.0.1") && !trusts(",", "127.0.0.1"));
    }

    #[test]
    fn a_trusted_peer_without_an_address_is_one_more_hop() {
        let client = |proxies: &str, list: &str| {
            let proxies: TrustedProxies = proxies.parse().unwrap();
            proxies.walk(None, &[list.as_bytes()]).0.map(|address| address.to_string())
        };
        let list = "203.0.113.9, 10.0.0.2";
        assert_eq!(client("unix, 10.0.0.0/8", list).as_deref(), Some("203.0.113.9"));
        assert_eq!(client("unix", list).as_deref(), Some("10.0.0.2"));
        for garbage in ["", "203.0.113.9, garbage", "203.0.113.9,"] {
            assert_eq!(client("unix", garbage), None, "{garbage}");
        }
    }

    #[test]
    fn a_connection_without_an_address_is_not_a_unix_socket_for_that() {
        let request = TestRequest::default().insert_header((X_FORWARDED_FOR, "203.0.113.9"));
        let proxies: TrustedProxies = "unix".parse().unwrap();
        assert!(proxies.trust_unix());
        assert_eq!(proxies.client_address(&request.to_http_request()), None);
    }

    #[test]
    fn what_is_neither_is_named() {
        for bad in [
            "10.0.0",
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0.0/+8",
            "10.0.0.0/8/8",
            "010.0.0.0",
            "010.0.0.0/8",
            "::/129",
            "nginx",
            "10.0.0.1:80",
            "10.0.0.1-9",
            "*",
        ] {
            let problem = format!("::1, {bad}").parse::<TrustedProxies>().unwrap_err().to_string();
            assert!(problem.starts_with(&format!("{bad:?} must be an IP address or a CIDR")));
        }
    }

    /// Entries as they may come, good ones more often than they would.
    fn entry() -> impl Strategy<Value = String> {
        prop_oneof![
            any::<IpAddr>().prop_map(|address| address.to_string()),
            any::<SocketAddr>().prop_map(|address| address.to_string()),
            any::<[u8; 3]>().prop_map(|[a, b, c]| format!("10.{a}.{b}.{c}")),
            "[ -~]{0,20}",
        ]
    }

    fn lists() -> impl Strategy<Value = Vec<String>> {
        let list = prop::collection::vec(entry(), 0..5).prop_map(|entries| entries.join(", "));
        prop::collection::vec(list, 0..4)
    }

    fn walk(peer: IpAddr, lists: &[String]) -> IpAddr {
        let lists: Vec<&[u8]> = lists.iter().map(String::as_bytes).collect();
        PROXIES.parse::<TrustedProxies>().unwrap().walk(Some(peer), &lists).0.unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn nothing_that_was_not_said_comes_out(peer: IpAddr, bytes: Vec<Vec<u8>>) {
            let lists: Vec<&[u8]> = bytes.iter().map(Vec::as_slice).collect();
            let proxies: TrustedProxies = "0.0.0.0/0, ::/0".parse().unwrap();
            let client = proxies.walk(Some(peer), &lists).0.unwrap();
            let said = bytes.iter().flat_map(|list| list.split(|&byte| byte == b','));
            prop_assert!(client == peer.to_canonical() || said.filter_map(parse_entry).any(|a| a == client));
        }

        #[test]
        fn headers_are_one_list(lists in lists()) {
            let lists: Vec<String> = lists.into_iter().filter(|list| !list.is_empty()).collect();
            let peer = "10.0.0.1".parse().unwrap();
            prop_assert_eq!(walk(peer, &lists), walk(peer, &[lists.join(",")][..lists.len().min(1)]));
        }

        /// A client can send any header to a trusted proxy, which appends the client's address.
        #[test]
        fn a_client_cannot_choose_its_address(forged in lists(), client: IpAddr) {
            let proxies: TrustedProxies = PROXIES.parse().unwrap();
            let client = client.to_canonical();
            prop_assume!(!proxies.trusts(client));
            for hops in [&[][..], &["10.2.2.2"], &["10.3.3.3", "[2001:db8:1::9]:80"]] {
                let mut lists = forged.clone();
                lists.push(client.to_string());
                lists.extend(hops.iter().map(ToString::to_string));
                prop_assert_eq!(walk("192.0.2.1".parse().unwrap(), &lists), client);
            }
        }

        #[test]
        fn who_is_not_trusted_is_not_listened_to(forged in lists(), peer: IpAddr) {
            let peer = peer.to_canonical();
            prop_assume!(!PROXIES.parse::<TrustedProxies>().unwrap().trusts(peer));
            prop_assert_eq!(walk(peer, &forged), peer);
        }
    }
}
