//! The address of a mail server.

use std::{fmt, net::IpAddr, str::FromStr};

use lettre::transport::smtp;
use percent_encoding::percent_decode_str;
use url::Url;
use zeroize::Zeroizing;

/// The address of a mail server, with the password. `Debug` hides it.
#[derive(Clone)]
pub struct SmtpUrl {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: Tls,
    /// The user and the password.
    pub(super) credentials: Option<(String, Zeroizing<String>)>,
    /// What to call ourselves: the path of the URL.
    pub(super) hello_name: Option<String>,
}

/// When a connection is encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tls {
    Never,
    IfOffered,
    /// By STARTTLS, and nothing is sent before it.
    Required,
    FromTheStart,
}

impl SmtpUrl {
    /// The host and the port.
    pub fn server(&self) -> String {
        match self.host.contains(':') {
            true => format!("[{}]:{}", self.host, self.port),
            false => format!("{}:{}", self.host, self.port),
        }
    }

    /// Whether nothing is sent without TLS.
    pub fn requires_tls(&self) -> bool {
        matches!(self.tls, Tls::Required | Tls::FromTheStart)
    }

    /// Whether the server is on this machine.
    pub fn is_loopback(&self) -> bool {
        let address = self.host.parse::<IpAddr>();
        self.host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    }
}

impl FromStr for SmtpUrl {
    type Err = InvalidSmtpUrl;

    fn from_str(text: &str) -> Result<Self, InvalidSmtpUrl> {
        let url = Url::parse(text).map_err(|_| InvalidSmtpUrl::Malformed)?;
        // A password with a # or a / that is not encoded ends the host, and the rest would be lost.
        if url.fragment().is_some() || url.path().contains('@') {
            return Err(InvalidSmtpUrl::Malformed);
        }
        if url.query_pairs().any(|(name, _)| name != "tls") {
            return Err(InvalidSmtpUrl::Parameter);
        }
        let tls = url.query_pairs().next().map(|(_, value)| value);
        let (tls, port) = match (url.scheme(), tls.as_deref()) {
            ("smtps", None) => (Tls::FromTheStart, smtp::SUBMISSIONS_PORT),
            ("smtp", Some("required")) => (Tls::Required, smtp::SUBMISSION_PORT),
            ("smtp", Some("opportunistic")) => (Tls::IfOffered, smtp::SUBMISSION_PORT),
            ("smtp", None) => (Tls::Never, smtp::SMTP_PORT),
            ("smtp" | "smtps", Some(_)) => return Err(InvalidSmtpUrl::Tls),
            _ => return Err(InvalidSmtpUrl::Malformed),
        };
        // The scheme is not one of the web's, so the host is as it was written.
        let host = decoded(url.host_str().unwrap_or_default())?;
        let host = match host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
            Some(address) => address.to_owned(),
            None => idna::domain_to_ascii(&host).map_err(|_| InvalidSmtpUrl::Malformed)?,
        };
        if host.is_empty() {
            return Err(InvalidSmtpUrl::Malformed);
        }
        let credentials = match (url.username(), url.password()) {
            ("", None) => None,
            ("", Some(_)) => return Err(InvalidSmtpUrl::NoUser),
            (_, None) => return Err(InvalidSmtpUrl::NoPassword),
            (user, Some(password)) => Some((decoded(user)?, Zeroizing::new(decoded(password)?))),
        };
        let hello_name = Some(url.path().trim_matches('/').to_owned());
        Ok(Self {
            host,
            port: url.port().unwrap_or(port),
            tls,
            credentials,
            hello_name: hello_name.filter(|name| !name.is_empty()),
        })
    }
}

fn decoded(text: &str) -> Result<String, InvalidSmtpUrl> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(String::from).map_err(|_| InvalidSmtpUrl::Malformed)
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
    /// A parameter other than `tls`.
    #[error("has a parameter other than tls: smtp://HOST?tls=required is STARTTLS")]
    Parameter,
    /// A password and no user.
    #[error("has a password and no user: smtps://USER:PASSWORD@HOST")]
    NoUser,
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
        for (url, server) in [
            ("smtps://mail.example.com", "mail.example.com:465"),
            ("smtp://mail.example.com?tls=required", "mail.example.com:587"),
            ("smtp://mail.example.com", "mail.example.com:25"),
            ("smtp://[::1]:2525", "[::1]:2525"),
            ("smtps://b\u{fc}cher.example", "xn--bcher-kva.example:465"),
        ] {
            assert_eq!(url.parse::<SmtpUrl>().unwrap().server(), server);
        }
        let url: SmtpUrl =
            "smtps://ann%40example.com:s%40crt@a/client.example.com".parse().unwrap();
        let credentials = ("ann@example.com".to_owned(), "s@crt".to_owned().into());
        assert_eq!(url.credentials, Some(credentials));
        assert_eq!(url.hello_name.as_deref(), Some("client.example.com"));
        for url in
            ["", "mail.example.com", "http://mail.example.com", "smtp:", "mail.example.com:25"]
        {
            assert_eq!(url.parse::<SmtpUrl>().unwrap_err(), InvalidSmtpUrl::Malformed, "{url}");
        }
        assert_eq!("smtp://a?tls=yes".parse::<SmtpUrl>().unwrap_err(), InvalidSmtpUrl::Tls);
        for url in ["smtps://ann:123#4@a", "smtps://ann:123/4@a", "smtps://ann:123?4@a"] {
            assert!(url.parse::<SmtpUrl>().is_err(), "{url}");
        }
        for url in ["smtp://a?starttls=true", "smtp://a?TLS=required", "smtps://a?tls=&x=1"] {
            assert_eq!(url.parse::<SmtpUrl>().unwrap_err(), InvalidSmtpUrl::Parameter, "{url}");
        }
        assert_eq!("smtps://:pw@a".parse::<SmtpUrl>().unwrap_err(), InvalidSmtpUrl::NoUser);
        assert_eq!("smtps://ann@a".parse::<SmtpUrl>().unwrap_err(), InvalidSmtpUrl::NoPassword);
    }
}
