//! The layer: its settings, and where it wraps an app.

use std::{
    future::{Ready, ready},
    net::IpAddr,
    rc::Rc,
    sync::Arc,
    time::Duration,
};

use actix_web::{
    HttpRequest,
    body::{EitherBody, MessageBody},
    cookie::SameSite,
    dev::{Service, ServiceRequest, ServiceResponse, Transform},
};

use super::{
    cookie::{self, CookieSettings},
    lifetimes::Lifetimes,
    memory::MemoryRegistry,
    middleware::SessionMiddleware,
    opening::Whose,
    recent::RecentTokens,
    registry::Registry,
    settings::{ClientAddress, Mode, Settings},
    settings_error::SettingsError,
};
use crate::{
    clock::Clock,
    seal::{Keyring, Secret},
};

/// Sealed-cookie sessions for an Actix app: `App::new().wrap(sessions.clone())`.
///
/// Make one outside `HttpServer::new`'s closure; clones share the keyring and the registry.
pub struct SessionLayer<R>(Arc<Settings<R>>);

impl SessionLayer<MemoryRegistry> {
    /// A layer with every default: a Secure cookie named `__Host-session`, an idle timeout of 7
    /// days within a lifetime of 30, sessions kept in memory.
    ///
    /// Over plain HTTP browsers don't send Secure cookies back (some do for localhost): see
    /// [`in_memory`](Self::in_memory) and [`SessionLayerBuilder::secure`].
    pub fn new(secret: &Secret) -> Self {
        Self(Arc::new(Self::in_memory(Keyring::new(secret), Clock::system()).settings()))
    }

    /// A layer that keeps its sessions in memory, to be set up further.
    ///
    /// ```
    /// use waxseal::{
    ///     clock::Clock,
    ///     seal::{Keyring, Secret},
    ///     session::SessionLayer,
    /// };
    ///
    /// let keyring = Keyring::new(&Secret::generate());
    /// let sessions = SessionLayer::in_memory(keyring, Clock::system())
    ///     .secure(false) // development, over HTTP
    ///     .build()?;
    /// # let _ = sessions;
    /// # Ok::<(), waxseal::session::SettingsError>(())
    /// ```
    pub fn in_memory(keyring: Keyring, clock: Clock) -> SessionLayerBuilder<MemoryRegistry> {
        let registry = Arc::new(MemoryRegistry::new(clock.clone()));
        SessionLayerBuilder::new(keyring, registry).clock(clock)
    }
}

impl<R: Registry> SessionLayer<R> {
    /// A layer to be set up further.
    ///
    /// ```
    /// use std::{sync::Arc, time::Duration};
    /// use waxseal::{
    ///     clock::Clock,
    ///     seal::{Keyring, Secret},
    ///     session::{MemoryRegistry, SessionLayer},
    /// };
    ///
    /// let registry = Arc::new(MemoryRegistry::new(Clock::system()));
    /// let sessions = SessionLayer::builder(Keyring::new(&Secret::generate()), registry)
    ///     .secure(false) // development, over HTTP
    ///     .idle_timeout(Duration::from_secs(3600))
    ///     .lifetime(Duration::from_secs(86_400))
    ///     .build()?;
    /// # let _ = sessions;
    /// # Ok::<(), waxseal::session::SettingsError>(())
    /// ```
    pub fn builder(keyring: Keyring, registry: Arc<R>) -> SessionLayerBuilder<R> {
        SessionLayerBuilder::new(keyring, registry)
    }

    /// Whose session the cookie of a request says it is, for logs: the seal is genuine, but
    /// whether the session lives is not asked.
    pub fn whose(&self, request: &HttpRequest) -> Option<Whose> {
        self.0.whose(request)
    }
}

/// The settings of a [`SessionLayer`], each with its default.
pub struct SessionLayerBuilder<R> {
    keyring: Keyring,
    registry: Arc<R>,
    cookie_name: Option<String>,
    secure: bool,
    domain: Option<String>,
    path: String,
    same_site: SameSite,
    idle_timeout: Duration,
    lifetime: Duration,
    refresh_below: Option<Duration>,
    mode: Mode,
    recent_tokens: usize,
    clock: Clock,
    client: ClientAddress,
}

impl<R: Registry> SessionLayerBuilder<R> {
    fn new(keyring: Keyring, registry: Arc<R>) -> Self {
        Self {
            keyring,
            registry,
            cookie_name: None,
            secure: true,
            domain: None,
            path: "/".to_owned(),
            same_site: SameSite::Lax,
            idle_timeout: Lifetimes::DEFAULT_IDLE_TIMEOUT,
            lifetime: Lifetimes::DEFAULT_LIFETIME,
            refresh_below: None,
            mode: Mode::Cookie,
            recent_tokens: RecentTokens::DEFAULT,
            clock: Clock::system(),
            client: Arc::new(|request| request.peer_addr().map(|peer| peer.ip())),
        }
    }

    /// The cookie's whole name. Default: `__Host-session`, with which browsers refuse a cookie
    /// that another host has set; `session` where one of `secure`, `domain` and `path` is not at
    /// its default, because the prefix would be a lie then.
    ///
    /// Tokens are bound to the name: changing it logs everybody out.
    pub fn cookie_name(mut self, name: impl Into<String>) -> Self {
        self.cookie_name = Some(name.into());
        self
    }

    /// Whether the cookie is only sent over HTTPS. Default: yes. Off is for development over
    /// HTTP.
    pub fn secure(mut self, secure: bool) -> Self {
        self.secure = secure;
        self
    }

    /// The domain whose hosts all receive the cookie. Default: none, only the host that set it.
    pub fn domain(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// The path under which the cookie is sent. Default: `/`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Whether the cookie is sent with requests that come from other sites. Default: `Lax`, only
    /// when a person follows a link.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// How long a session lives unused. Default: [`Lifetimes::DEFAULT_IDLE_TIMEOUT`].
    pub fn idle_timeout(mut self, idle_timeout: Duration) -> Self {
        self.idle_timeout = idle_timeout;
        self
    }

    /// How long a session lives at most. Default: [`Lifetimes::DEFAULT_LIFETIME`].
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// With how much of its time left a session is refreshed. Default: a quarter of the idle
    /// timeout. The idle timeout itself refreshes on every request.
    pub fn refresh_below(mut self, refresh_below: Duration) -> Self {
        self.refresh_below = Some(refresh_below);
        self
    }

    /// All three durations at once.
    pub fn lifetimes(mut self, lifetimes: Lifetimes) -> Self {
        self.idle_timeout = lifetimes.idle_timeout();
        self.lifetime = lifetimes.lifetime();
        self.refresh_below = Some(lifetimes.refresh_below());
        self
    }

    /// Where the state is. Default: [`Mode::Cookie`]. Changing it logs nobody out: either mode
    /// accepts the other's cookies and seals them into its own.
    pub fn mode(mut self, mode: Mode) -> Self {
        self.mode = mode;
        self
    }

    /// How many tokens that it has sealed or opened lately each worker keeps in memory, with what
    /// they say, so that a request that comes with one of them need not open it again: it takes
    /// half the time. Expiry and revocation are checked all the same. Default: 1,024; 0 keeps none.
    ///
    /// The number is rounded up to a power of two, from 64 to 2²⁰. A token takes 1.3 kB where the state
    /// has six values in 200 bytes, 8 kB where it has one in 2,800, 46 kB where it has four hundred.
    /// It stays until others take its place, also after its session's end.
    pub fn recent_tokens(mut self, count: usize) -> Self {
        self.recent_tokens = count;
        self
    }

    /// Where the time comes from. Default: the system.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Which address the log names when a cookie is rejected. Default: the peer's, which behind a
    /// proxy is the proxy's.
    pub fn client_address(
        mut self,
        client: impl Fn(&HttpRequest) -> Option<IpAddr> + Send + Sync + 'static,
    ) -> Self {
        self.client = Arc::new(client);
        self
    }

    /// The layer, ready to wrap apps.
    ///
    /// # Errors
    ///
    /// When a setting is out of its range, or a browser would not take the cookie.
    pub fn build(self) -> Result<SessionLayer<R>, SettingsError> {
        let lifetimes = Lifetimes::new(self.idle_timeout, self.lifetime, self.refresh_below)?;
        let settings = Settings { lifetimes, ..self.settings() };
        settings.cookie.validate()?;
        Ok(SessionLayer(Arc::new(settings)))
    }

    /// The settings as they are, with the default lifetimes.
    fn settings(self) -> Settings<R> {
        let host_only = self.secure && self.domain.is_none() && self.path == "/";
        let default_name = if host_only { "__Host-session" } else { "session" };
        let name = self.cookie_name.unwrap_or_else(|| default_name.to_owned());
        Settings {
            purpose: cookie::purpose(&name),
            keyring: Arc::new(self.keyring),
            registry: self.registry,
            recent: RecentTokens::new(self.recent_tokens),
            lifetimes: Lifetimes::default(),
            mode: self.mode,
            clock: self.clock,
            client: self.client,
            cookie: CookieSettings::new(name, self.secure, self.domain, self.path, self.same_site),
        }
    }
}

impl<R> Clone for SessionLayer<R> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<S, B, R> Transform<S, ServiceRequest> for SessionLayer<R>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
    R: Registry,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = SessionMiddleware<S, R>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, service: S) -> Self::Future {
        ready(Ok(SessionMiddleware {
            service: Rc::new(service),
            settings: Rc::new(self.0.for_worker()),
        }))
    }
}
