//! The settings of the middleware, each with its default.

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::{HttpRequest, cookie::SameSite};
use waxseal_seal::Keyring;

use crate::{
    clock::Clock,
    cookie::{self, CookieSettings},
    engine::{ClientAddress, SessionEngine},
    expiry::ExpiryPolicy,
    middleware::SessionMiddleware,
    mode::Mode,
    settings_error::SettingsError,
    store::SessionStore,
};

/// Configures a [`SessionMiddleware`].
pub struct SessionMiddlewareBuilder<S> {
    store: S,
    keyring: Keyring,
    cookie_name: Option<String>,
    cookie_secure: bool,
    cookie_domain: Option<String>,
    cookie_path: String,
    cookie_same_site: SameSite,
    idle_timeout: Duration,
    lifetime: Duration,
    refresh_threshold: Option<Duration>,
    mode: Mode,
    clock: Clock,
    client_address: ClientAddress,
}

impl<S: SessionStore> SessionMiddlewareBuilder<S> {
    pub(crate) fn new(store: S, keyring: Keyring) -> Self {
        Self {
            store,
            keyring,
            cookie_name: None,
            cookie_secure: true,
            cookie_domain: None,
            cookie_path: "/".to_owned(),
            cookie_same_site: SameSite::Lax,
            idle_timeout: ExpiryPolicy::DEFAULT_IDLE_TIMEOUT,
            lifetime: ExpiryPolicy::DEFAULT_LIFETIME,
            refresh_threshold: None,
            mode: Mode::Cookie,
            clock: Clock::system(),
            client_address: Arc::new(|request| request.peer_addr().map(|peer| peer.ip())),
        }
    }

    /// The cookie's whole name. Default: `__Host-waxseal`, which browsers accept only from the host
    /// itself; `waxseal` if `cookie_secure`, `cookie_domain` or `cookie_path` is changed, because they
    /// contradict the prefix.
    ///
    /// Tokens are bound to the name: changing it logs everyone out.
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie_name = Some(name.into());
        self
    }

    /// Whether the cookie is only sent over HTTPS. Default: true. Turn it off for development over
    /// HTTP.
    pub fn cookie_secure(mut self, secure: bool) -> Self {
        self.cookie_secure = secure;
        self
    }

    /// The domain whose hosts all receive the cookie. Default: only the host that set it.
    pub fn cookie_domain(mut self, domain: impl Into<String>) -> Self {
        self.cookie_domain = Some(domain.into());
        self
    }

    /// The path under which the cookie is sent. Default: `/`.
    pub fn cookie_path(mut self, path: impl Into<String>) -> Self {
        self.cookie_path = path.into();
        self
    }

    /// Whether the cookie is sent with requests from other sites. Default: `Lax`, only when a person
    /// follows a link.
    pub fn cookie_same_site(mut self, same_site: SameSite) -> Self {
        self.cookie_same_site = same_site;
        self
    }

    /// How long a session lives unused. Default: [`ExpiryPolicy::DEFAULT_IDLE_TIMEOUT`].
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// How long a session lives at most. Default: [`ExpiryPolicy::DEFAULT_LIFETIME`].
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// A session is refreshed when this much time or less remains. Default: a quarter of the idle
    /// timeout. The idle timeout itself refreshes on every request.
    pub fn refresh_threshold(mut self, refresh_threshold: Duration) -> Self {
        self.refresh_threshold = Some(refresh_threshold);
        self
    }

    /// Idle timeout, lifetime and refresh threshold at once.
    pub fn expiry_policy(mut self, policy: ExpiryPolicy) -> Self {
        self.idle_timeout = policy.idle_timeout();
        self.lifetime = policy.lifetime();
        self.refresh_threshold = Some(policy.refresh_threshold());
        self
    }

    /// Where the state is kept. Default: [`Mode::Cookie`].
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// The source of time. Default: the system's clock.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Finds the client's address for the log. Default: the peer's address, which behind a proxy is
    /// the proxy's.
    pub fn client_address(
        mut self,
        client_address: impl Fn(&HttpRequest) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.client_address = Arc::new(client_address);
        self
    }

    /// Builds the middleware.
    ///
    /// # Errors
    ///
    /// When a setting is out of its range, or browsers would refuse the cookie.
    pub fn build(self) -> Result<SessionMiddleware<S>, SettingsError> {
        let policy = ExpiryPolicy::new(self.idle_timeout, self.lifetime, self.refresh_threshold)?;
        let host_only =
            self.cookie_secure && self.cookie_domain.is_none() && self.cookie_path == "/";
        let default_name = if host_only { "__Host-waxseal" } else { "waxseal" };
        let name = self.cookie_name.unwrap_or_else(|| default_name.to_owned());
        let purpose = cookie::purpose(&name);
        let cookie = CookieSettings::new(
            name,
            self.cookie_secure,
            self.cookie_domain,
            self.cookie_path,
            self.cookie_same_site,
        );
        cookie.validate()?;
        Ok(SessionMiddleware(Arc::new(SessionEngine {
            keyring: Arc::new(self.keyring),
            store: Arc::new(self.store),
            cookie,
            purpose,
            policy,
            mode: self.mode,
            clock: self.clock,
            client_address: self.client_address,
        })))
    }
}
