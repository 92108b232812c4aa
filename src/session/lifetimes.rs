//! How long sessions live, and when they are refreshed.

use std::time::Duration;

use super::settings_error::SettingsError;
use crate::clock::Timestamp;

/// How long sessions live.
///
/// ```
/// use std::time::Duration;
/// use waxseal::{clock::Timestamp, session::Lifetimes};
///
/// let hour = Duration::from_secs(3600);
/// let lifetimes = Lifetimes::new(hour, 12 * hour, None)?;
/// let logged_in = Timestamp::from_unix(0);
///
/// assert_eq!(lifetimes.expiry(logged_in, logged_in + hour), logged_in + 2 * hour);
/// assert_eq!(lifetimes.expiry(logged_in, logged_in + 12 * hour), logged_in + 12 * hour);
/// assert_eq!(lifetimes.refresh_below(), hour / 4);
/// # Ok::<(), waxseal::session::SettingsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    idle_timeout: Duration,
    lifetime: Duration,
    refresh_below: Duration,
}

impl Lifetimes {
    /// How long a session lives unused, unless told otherwise: 7 days.
    pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(7 * 86_400);
    /// How long a session lives at most, unless told otherwise: 30 days, the longest that NIST
    /// SP 800-63B-4 (section 2.1.3, AAL1) lets a session go on without a new log-in.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(30 * 86_400);

    /// - `idle_timeout`: how long a session lives unused; at least a second.
    /// - `lifetime`: how long it lives at most, however busy; not below the idle timeout.
    /// - `refresh_below`: a session with this much or less of its time left is refreshed by a
    ///   request; between a second and the idle timeout (which refreshes on every request).
    ///   By default a quarter of the idle timeout, so that an active browser is sent a cookie
    ///   once in three quarters of it.
    ///
    /// All are counted in whole seconds; what is over is cut off.
    ///
    /// # Errors
    ///
    /// When a duration is outside what is said above.
    pub fn new(
        idle_timeout: Duration,
        lifetime: Duration,
        refresh_below: Option<Duration>,
    ) -> Result<Self, SettingsError> {
        const SECOND: Duration = Duration::from_secs(1);
        let whole = |duration: Duration| Duration::from_secs(duration.as_secs());
        let (idle_timeout, lifetime) = (whole(idle_timeout), whole(lifetime));
        let refresh_below = match refresh_below {
            Some(duration) => whole(duration),
            None => whole(idle_timeout / 4).max(SECOND),
        };
        if idle_timeout < SECOND {
            return Err(SettingsError::IdleTimeout);
        }
        if lifetime < idle_timeout {
            return Err(SettingsError::Lifetime);
        }
        if refresh_below < SECOND || refresh_below > idle_timeout {
            return Err(SettingsError::RefreshBelow);
        }
        Ok(Self { idle_timeout, lifetime, refresh_below })
    }

    /// How long a session lives unused.
    pub fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// How long a session lives at most.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// With how much of its time left a session is refreshed.
    pub fn refresh_below(&self) -> Duration {
        self.refresh_below
    }

    /// When a session opened at `auth_time` and used `now` expires.
    pub fn expiry(&self, auth_time: Timestamp, now: Timestamp) -> Timestamp {
        (now + self.idle_timeout).min(auth_time + self.lifetime)
    }

    /// Whether a session that expires at `expires_at` is due for a refresh.
    pub(super) fn is_due(&self, expires_at: Timestamp, now: Timestamp) -> bool {
        expires_at.since(now) <= self.refresh_below
    }
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            idle_timeout: Self::DEFAULT_IDLE_TIMEOUT,
            lifetime: Self::DEFAULT_LIFETIME,
            refresh_below: Self::DEFAULT_IDLE_TIMEOUT / 4,
        }
    }
}
