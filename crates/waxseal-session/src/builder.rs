//! The settings of the middleware, each with its default.

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::{HttpRequest, cookie::SameSite};
use waxseal_seal::Keyring;

use crate::{
    clock::Clock,
    config::SessionLifecycle,
    cookie::{self, CookieAttributes, CookieDomain, CookieSettings},
    engine::{ClientAddress, NoRefresh, SessionEngine, Settings},
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
    cookie: CookieAttributes,
    idle_timeout: Duration,
    lifetime: Option<Duration>,
    refresh_threshold: Option<Duration>,
    lifecycle: Option<SessionLifecycle>,
    mode: Mode,
    clock: Clock,
    client_address: ClientAddress,
    no_refresh: NoRefresh,
    actix_session: bool,
    bearer_tokens: bool,
}

impl<S: SessionStore> SessionMiddlewareBuilder<S> {
    pub(crate) fn new(store: S, keyring: Keyring) -> Self {
        Self {
            store,
            keyring,
            cookie_name: None,
            cookie: CookieAttributes::default(),
            idle_timeout: ExpiryPolicy::DEFAULT_IDLE_TIMEOUT,
            lifetime: None,
            refresh_threshold: None,
            lifecycle: None,
            mode: Mode::Cookie,
            clock: Clock::system(),
            client_address: Arc::new(|request| request.peer_addr().map(|peer| peer.ip())),
            no_refresh: Arc::new(|_| false),
            actix_session: true,
            bearer_tokens: false,
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
        self.cookie.secure = secure;
        self
    }

    /// Whether the cookie is out of reach for JavaScript. Default: true. Leave it so: a script that an
    /// attacker injects could send the token away.
    pub fn cookie_http_only(mut self, http_only: bool) -> Self {
        self.cookie.http_only = http_only;
        self
    }

    /// Whether a site that embeds this one in a frame gets a cookie jar of its own (`Partitioned`).
    /// Default: false. It needs `cookie_secure`, and usually `SameSite::None`.
    pub fn cookie_partitioned(mut self, partitioned: bool) -> Self {
        self.cookie.partitioned = partitioned;
        self
    }

    /// The domain whose hosts all receive the cookie. Default: none, only the host that set it.
    ///
    /// After a change, browsers that have a cookie in the old scope send two. Both are cleared, for every domain
    /// that the host belongs to, and that person logs in again.
    pub fn cookie_domain(mut self, domain: impl Into<CookieDomain>) -> Self {
        self.cookie.domain = domain.into().0;
        self
    }

    /// The path under which the cookie is sent. Default: `/`.
    pub fn cookie_path(mut self, path: impl Into<String>) -> Self {
        self.cookie.path = path.into();
        self
    }

    /// Whether the cookie is sent with requests from other sites. Default: `Lax`, only when a person
    /// follows a link.
    pub fn cookie_same_site(mut self, same_site: SameSite) -> Self {
        self.cookie.same_site = same_site;
        self
    }

    /// How long a session lives unused. Default: [`ExpiryPolicy::DEFAULT_IDLE_TIMEOUT`].
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// How long a session lives at most. Default: [`ExpiryPolicy::DEFAULT_LIFETIME`], or the idle timeout
    /// if that is longer.
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = Some(lifetime);
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
        self.lifetime = Some(policy.lifetime());
        self.refresh_threshold = Some(policy.refresh_threshold());
        self
    }

    /// How long sessions live, in actix-session's words. It takes the place of `idle_timeout` and
    /// `refresh_threshold`, and of `lifetime` if the lifecycle has one.
    ///
    /// ```
    /// use actix_web::cookie::time::Duration;
    /// use waxseal_session::{Secret, SessionMiddleware, StatelessStore, config::PersistentSession};
    ///
    /// let sessions = SessionMiddleware::builder(StatelessStore::new(), Secret::generate())
    ///     .session_lifecycle(PersistentSession::default().session_ttl(Duration::days(7)))
    ///     .build()?;
    /// # let _ = sessions;
    /// # Ok::<(), waxseal_session::SettingsError>(())
    /// ```
    pub fn session_lifecycle(mut self, lifecycle: impl Into<SessionLifecycle>) -> Self {
        self.lifecycle = Some(lifecycle.into());
        self
    }

    /// Requests that don't count as activity, such as background polling. They are served normally, but don't
    /// refresh the session or update its last-seen time. Default: none.
    pub fn no_refresh(
        mut self,
        is_background: impl Fn(&HttpRequest) -> bool + Send + Sync + 'static,
    ) -> Self {
        self.no_refresh = Arc::new(is_background);
        self
    }

    /// Whether handlers find the state in actix's [`Session`](actix_session::Session). Default: true. An
    /// app that uses only [`TypedSession`](crate::TypedSession) turns it off and pays less; a handler
    /// that changes a `Session` all the same is answered with 500.
    pub fn actix_session(mut self, populated: bool) -> Self {
        self.actix_session = populated;
        self
    }

    /// Whether clients without a cookie jar may send the token as `Authorization: Bearer TOKEN`. It
    /// counts only in requests without the cookie. A token that is sealed again goes back in the header
    /// `Session-Token` instead of a cookie. Default: false.
    pub fn bearer_tokens(mut self, accepted: bool) -> Self {
        self.bearer_tokens = accepted;
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

    /// Builds the middleware from settings that are all defaults.
    pub(crate) fn build_valid(self) -> SessionMiddleware<S> {
        let cookie = CookieSettings::of_defaults();
        SessionMiddleware(Arc::new(self.engine(cookie, ExpiryPolicy::default())))
    }

    /// Builds the middleware.
    ///
    /// # Errors
    ///
    /// When a setting is out of its range, or browsers would refuse the cookie.
    pub fn build(self) -> Result<SessionMiddleware<S>, SettingsError> {
        let lifetime = ExpiryPolicy::DEFAULT_LIFETIME.max(self.idle_timeout);
        let lifetime = self.lifetime.unwrap_or(lifetime);
        let mut policy = match self.lifecycle {
            // Its idle timeout is not used.
            Some(_) => ExpiryPolicy::new(lifetime, lifetime, None)?,
            None => ExpiryPolicy::new(self.idle_timeout, lifetime, self.refresh_threshold)?,
        };
        if let Some(lifecycle) = self.lifecycle {
            policy = policy.with_lifecycle(lifecycle)?;
        }
        if self.mode == Mode::Database && !self.store.keeps_records() {
            return Err(SettingsError::NoRecords);
        }
        let name =
            self.cookie_name.clone().unwrap_or_else(|| self.cookie.default_name().to_owned());
        let cookie = CookieSettings::new(name, self.cookie.clone())?;
        Ok(SessionMiddleware(Arc::new(self.engine(cookie, policy))))
    }

    fn engine(self, cookie: CookieSettings, policy: ExpiryPolicy) -> SessionEngine<S> {
        let settings = Settings {
            purpose: cookie::purpose(&cookie.name),
            keyring: self.keyring,
            cookie,
            policy,
            browser_session: self.lifecycle.is_some_and(SessionLifecycle::is_browser_session),
            mode: self.mode,
            clock: self.clock,
            client_address: self.client_address,
            no_refresh: self.no_refresh,
            actix_session: self.actix_session,
            bearer_tokens: self.bearer_tokens,
        };
        SessionEngine { store: Arc::new(self.store), settings }
    }
}
