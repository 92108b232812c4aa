//! The address of a mail server.

use std::{fmt, str::FromStr};

use url::{Host, Url};
use zeroize::Zeroizing;

/// The address of a mail server, with the password. `Debug` hides it.
#[derive(Clone)]
pub struct SmtpUrl {
    text: Zeroizing<String>,
    requires_tls: bool,
    is_loopback: bool,
}

impl SmtpUrl {
    /// The text, with the password.
    pub(super) fn expose(&self) -> &str {
        &self.text
    }

    /// Whether nothing is sent without TLS.
    pub fn requires_tls(&self) -> bool {
        self.requires_tls
    }

    /// Whether the server is on this machine.
    pub fn is_loopback(&self) -> bool {
        self.is_loopback
    }
}

impl FromStr for SmtpUrl {
    type Err = InvalidSmtpUrl;

    fn from_str(text: &str) -> Result<Self, InvalidSmtpUrl> {
        let url = Url::parse(text).map_err(|_| InvalidSmtpUrl::Malformed)?;
        let tls = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value);
        let requires_tls = match (url.scheme(), tls.as_deref()) {
            ("smtps", None) | ("smtp", Some("required")) => true,
            ("smtp", None | Some("opportunistic")) => false,
            ("smtp" | "smtps", Some(_)) => return Err(InvalidSmtpUrl::Tls),
            _ => return Err(InvalidSmtpUrl::Malformed),
        };
        let is_loopback = match url.host() {
            // The scheme is not one of the web's, so addresses are not parsed.
            Some(Host::Domain(host)) => {
                host == "localhost"
                    || host.parse().is_ok_and(|address: std::net::Ipv4Addr| address.is_loopback())
            }
            Some(Host::Ipv4(address)) => address.is_loopback(),
            Some(Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(InvalidSmtpUrl::Malformed),
        };
        if url.password().is_none() && !url.username().is_empty() {
            return Err(InvalidSmtpUrl::NoPassword);
        }
        Ok(Self { text: Zeroizing::new(text.to_owned()), requires_tls, is_loopback })
    }
}

impl fmt::Debug for SmtpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SmtpUrl(…)")
    }
}

/// Why a text is not the address of a mail server. It never shows the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidSmtpUrl {
    /// It has another form.
    #[error(
        "must be the URL of a mail server: smtps://USER:PASSWORD@HOST, or smtp://HOST?tls=required; \
         special characters of user and password are percent-encoded"
    )]
    Malformed,
    /// The parameter `tls` has another value.
    #[error("tls must be required or opportunistic, and only with smtp://")]
    Tls,
    /// A user and no password.
    #[error("has a user and no password: smtps://USER:PASSWORD@HOST")]
    NoPassword,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_whether_it_uses_tls_and_leaves_the_machine() {
        for (url, requires_tls, is_loopback) in [
            ("smtps://ann:s%40crt@mail.example.com", true, false),
            ("smtp://mail.example.com:587?tls=required", true, false),
            ("smtp://mail.example.com", false, false),
            ("smtp://mail.example.com?tls=opportunistic", false, false),
            ("smtp://127.0.0.1:2525", false, true),
            ("smtp://[::1]:2525", false, true),
            ("smtp://localhost", false, true),
            ("smtp://127.0.0.1.example.com", false, false),
        ] {
            let parsed: SmtpUrl = url.parse().unwrap();
            assert_eq!((parsed.requires_tls(), parsed.is_loopback()), (requires_tls, is_loopback));
        }
        for url in
            ["", "mail.example.com", "http://mail.example.com", "smtp:", "mail.example.com:25"]
        {
            assert_eq!(url.parse::<SmtpUrl>().unwrap_err(), InvalidSmtpUrl::Malformed, "{url}");
        }
        assert_eq!("smtp://a?tls=yes".parse::<SmtpUrl>().unwrap_err(), InvalidSmtpUrl::Tls);
        assert_eq!("smtps://ann@a".parse::<SmtpUrl>().unwrap_err(), InvalidSmtpUrl::NoPassword);
    }
}
