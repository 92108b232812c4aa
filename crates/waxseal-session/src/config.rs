//! How long sessions live and how their cookie says so, in actix-session's words.

use std::time::Duration;

use actix_web::cookie::time;

/// The life of a session cookie in the browser. Pass it to
/// [`session_lifecycle`](crate::SessionMiddlewareBuilder::session_lifecycle) for all sessions, or to
/// [`set_lifecycle`](crate::set_lifecycle) for one ("remember me").
#[derive(Debug, Clone, Copy)]
pub enum SessionLifecycle {
    /// The browser forgets the cookie when it closes.
    BrowserSession(BrowserSession),
    /// The browser keeps the cookie until the session expires.
    PersistentSession(PersistentSession),
}

/// A session that ends when the browser closes, or after its time to live without use.
///
/// Browsers that restore their tabs keep such cookies; the sealed expiry holds all the same.
#[derive(Debug, Clone, Copy)]
pub struct BrowserSession {
    ttl: Duration,
    policy: TtlExtensionPolicy,
    lifetime: Option<Duration>,
}

/// A session that outlives the browser's process.
#[derive(Debug, Clone, Copy)]
pub struct PersistentSession {
    ttl: Duration,
    policy: TtlExtensionPolicy,
    lifetime: Option<Duration>,
}

/// When a session's time to live starts over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum TtlExtensionPolicy {
    /// When a quarter of it or less remains. An active browser gets a new cookie once in three quarters
    /// of the time to live. (The default here; actix-session's is `OnStateChanges`.)
    #[default]
    WhenDue,
    /// On every request.
    OnEveryRequest,
    /// When the state has changed.
    OnStateChanges,
}

/// The time to live of actix-session's lifecycles, unless the app says otherwise: a day.
const DEFAULT_TTL: Duration = Duration::from_secs(86_400);

impl BrowserSession {
    /// How long a session lives unused. Default: a day.
    pub fn state_ttl(self, ttl: time::Duration) -> Self {
        Self { ttl: seconds(ttl), ..self }
    }

    /// When the time to live starts over. Default: [`TtlExtensionPolicy::WhenDue`].
    pub fn state_ttl_extension_policy(self, policy: TtlExtensionPolicy) -> Self {
        Self { policy, ..self }
    }

    /// How long a session lives at most. Default: the middleware's lifetime, or the time to live if that
    /// is longer.
    pub fn lifetime(self, lifetime: time::Duration) -> Self {
        Self { lifetime: Some(seconds(lifetime)), ..self }
    }
}

impl PersistentSession {
    /// How long a session lives unused. Default: a day.
    pub fn session_ttl(self, ttl: time::Duration) -> Self {
        Self { ttl: seconds(ttl), ..self }
    }

    /// When the time to live starts over. Default: [`TtlExtensionPolicy::WhenDue`].
    pub fn session_ttl_extension_policy(self, policy: TtlExtensionPolicy) -> Self {
        Self { policy, ..self }
    }

    /// How long a session lives at most. Default: the middleware's lifetime, or the time to live if that
    /// is longer.
    pub fn lifetime(self, lifetime: time::Duration) -> Self {
        Self { lifetime: Some(seconds(lifetime)), ..self }
    }
}

impl SessionLifecycle {
    /// Time to live, extension policy and lifetime.
    pub(crate) fn parts(self) -> (Duration, TtlExtensionPolicy, Option<Duration>) {
        match self {
            Self::BrowserSession(BrowserSession { ttl, policy, lifetime })
            | Self::PersistentSession(PersistentSession { ttl, policy, lifetime }) => {
                (ttl, policy, lifetime)
            }
        }
    }

    pub(crate) fn is_browser_session(self) -> bool {
        matches!(self, Self::BrowserSession(_))
    }
}

/// A negative duration is none.
fn seconds(duration: time::Duration) -> Duration {
    duration.try_into().unwrap_or_default()
}

impl Default for BrowserSession {
    fn default() -> Self {
        Self { ttl: DEFAULT_TTL, policy: TtlExtensionPolicy::default(), lifetime: None }
    }
}

impl Default for PersistentSession {
    fn default() -> Self {
        Self { ttl: DEFAULT_TTL, policy: TtlExtensionPolicy::default(), lifetime: None }
    }
}

impl From<BrowserSession> for SessionLifecycle {
    fn from(session: BrowserSession) -> Self {
        Self::BrowserSession(session)
    }
}

impl From<PersistentSession> for SessionLifecycle {
    fn from(session: PersistentSession) -> Self {
        Self::PersistentSession(session)
    }
}
