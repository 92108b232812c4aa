//! The site that mails are from.

use lettre::{Address, message::Mailbox};

/// The site that mails are from.
#[derive(Debug, Clone)]
pub struct Site {
    /// What mails call it.
    pub name: String,
    /// The origin that links begin with.
    pub origin: String,
    /// The sender.
    pub from: Mailbox,
}

impl Site {
    /// The site at this origin. Its name is that of the sender, or the host.
    pub fn new(mut from: Mailbox, origin: String) -> Self {
        let host = host_of(&origin).to_owned();
        // Few mail servers take an international domain as it is read.
        if let Ok(domain) = idna::domain_to_ascii(from.email.domain())
            && let Ok(email) = Address::new(from.email.user(), domain)
        {
            from.email = email;
        }
        Self { name: from.name.clone().unwrap_or(host), origin, from }
    }

    /// The host, without the port.
    pub(super) fn host(&self) -> &str {
        let host = host_of(&self.origin);
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        }
    }
}

fn host_of(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}
