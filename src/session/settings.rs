//! What the session layer works with, once it is set up.

use std::{net::IpAddr, sync::Arc};

use actix_web::HttpRequest;

use super::{
    cookie::CookieSettings, lifetimes::Lifetimes, recent::RecentTokens, record::SessionRecord,
};
use crate::{
    clock::{Clock, Timestamp},
    seal::Keyring,
};

/// Where the state of a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// In the cookie: a request costs no query. The registry has a copy.
    #[default]
    Cookie,
    /// In the registry, read on every request; the cookie seals only the id and the times. For
    /// states too large for a cookie.
    Database,
}

/// What a [`SessionLayer`] works with.
pub(super) struct Settings<R> {
    pub(super) keyring: Arc<Keyring>,
    pub(super) registry: Arc<R>,
    pub(super) cookie: CookieSettings,
    /// What the session's tokens are sealed for: `session:` and the cookie's name.
    pub(super) purpose: String,
    pub(super) recent: RecentTokens,
    pub(super) lifetimes: Lifetimes,
    pub(super) mode: Mode,
    pub(super) clock: Clock,
    /// Which address the log names.
    pub(super) client: ClientAddress,
}

/// Finds the address that a request comes from.
pub(super) type ClientAddress = Arc<dyn Fn(&HttpRequest) -> Option<IpAddr> + Send + Sync>;

impl<R> Settings<R> {
    /// The same for one more worker. It gets to know tokens by itself, so that no worker waits for
    /// another.
    pub(super) fn for_worker(&self) -> Self {
        Self {
            keyring: Arc::clone(&self.keyring),
            registry: Arc::clone(&self.registry),
            cookie: self.cookie.clone(),
            purpose: self.purpose.clone(),
            recent: self.recent.as_empty(),
            lifetimes: self.lifetimes,
            mode: self.mode,
            clock: self.clock.clone(),
            client: Arc::clone(&self.client),
        }
    }

    /// When the session expires if it is sealed anew: never earlier than it would have.
    pub(super) fn later_expiry(&self, record: &SessionRecord, now: Timestamp) -> Timestamp {
        self.lifetimes.expiry(record.auth_time, now).max(record.expires_at)
    }
}
