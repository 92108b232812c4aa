//! When sessions expire, and when they are refreshed.

use std::time::Duration;

use crate::{
    claims::OwnLifecycle,
    clock::Timestamp,
    config::{SessionLifecycle, TtlExtensionPolicy},
    settings_error::SettingsError,
};

/// How long browsers keep a cookie at most: 400 days (RFC 6265bis, section 5.5).
pub(crate) const MAX_COOKIE_AGE: Duration = Duration::from_secs(400 * 86_400);

/// When sessions expire, and when they are refreshed.
///
/// ```
/// use std::time::Duration;
/// use waxseal_session::{ExpiryPolicy, Timestamp};
///
/// let hour = Duration::from_secs(3600);
/// let policy = ExpiryPolicy::new(hour, 12 * hour, None)?;
/// let logged_in = Timestamp::from_unix(0);
///
/// assert_eq!(policy.expiry(logged_in, logged_in + hour), logged_in + 2 * hour);
/// assert_eq!(policy.expiry(logged_in, logged_in + 12 * hour), logged_in + 12 * hour);
/// assert_eq!(policy.refresh_threshold(), hour / 4);
/// # Ok::<(), waxseal_session::SettingsError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ExpiryPolicy {
    idle_timeout: Duration,
    lifetime: Duration,
    refresh_threshold: Duration,
}

impl ExpiryPolicy {
    /// The default idle timeout: 7 days.
    pub const DEFAULT_IDLE_TIMEOUT: Duration = Duration::from_secs(7 * 86_400);
    /// The default lifetime: 30 days, the longest that NIST SP 800-63B-4 (section 2.1.3, AAL1) allows
    /// between log-ins.
    pub const DEFAULT_LIFETIME: Duration = Duration::from_secs(30 * 86_400);

    /// - `idle_timeout`: how long a session lives unused; at least one second.
    /// - `lifetime`: how long it lives at most; not below the idle timeout.
    /// - `refresh_threshold`: a request refreshes a session when this much time or less remains;
    ///   between one second and the idle timeout (which refreshes on every request). Default: a
    ///   quarter of the idle timeout, so that an active browser gets a new cookie once in three
    ///   quarters of it.
    ///
    /// Fractions of a second are cut off.
    ///
    /// # Errors
    ///
    /// When a duration is outside its range.
    pub fn new(
        idle_timeout: Duration,
        lifetime: Duration,
        refresh_threshold: Option<Duration>,
    ) -> Result<Self, SettingsError> {
        const SECOND: Duration = Duration::from_secs(1);
        let whole = |duration: Duration| Duration::from_secs(duration.as_secs());
        let (idle_timeout, lifetime) = (whole(idle_timeout), whole(lifetime));
        let refresh_threshold = match refresh_threshold {
            Some(duration) => whole(duration),
            None => whole(idle_timeout / 4).max(SECOND),
        };
        if idle_timeout < SECOND {
            return Err(SettingsError::IdleTimeout);
        }
        if lifetime < idle_timeout {
            return Err(SettingsError::Lifetime);
        }
        if refresh_threshold < SECOND || refresh_threshold > idle_timeout {
            return Err(SettingsError::RefreshThreshold);
        }
        Ok(Self { idle_timeout, lifetime, refresh_threshold })
    }

    /// How long a session lives unused.
    pub fn idle_timeout(&self) -> Duration {
        self.idle_timeout
    }

    /// How long a session lives at most.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }

    /// A session is refreshed when this much time or less remains.
    pub fn refresh_threshold(&self) -> Duration {
        self.refresh_threshold
    }

    /// The policy of sessions with this lifecycle. A lifetime that is not set is this policy's, or the
    /// time to live if that is longer.
    pub(crate) fn with_lifecycle(
        &self,
        lifecycle: SessionLifecycle,
    ) -> Result<Self, SettingsError> {
        let (ttl, extension, lifetime) = lifecycle.parts();
        let lifetime = lifetime.unwrap_or(self.lifetime.max(ttl));
        match extension {
            TtlExtensionPolicy::WhenDue => Self::new(ttl, lifetime, None),
            TtlExtensionPolicy::OnEveryRequest => Self::new(ttl, lifetime, Some(ttl)),
            TtlExtensionPolicy::OnStateChanges => {
                let never = Duration::ZERO;
                Ok(Self { refresh_threshold: never, ..Self::new(ttl, lifetime, None)? })
            }
        }
    }

    /// The policy of one session that has a lifecycle of its own.
    pub(crate) fn of_own(own: &OwnLifecycle) -> Self {
        let OwnLifecycle { idle_timeout, lifetime, refresh_threshold, .. } = *own;
        Self { idle_timeout, lifetime, refresh_threshold }
    }

    /// The expiry of a session that began at `auth_time` and is used `now`.
    pub fn expiry(&self, auth_time: Timestamp, now: Timestamp) -> Timestamp {
        (now + self.idle_timeout).min(self.latest_expiry(auth_time))
    }

    /// When a session that began at `auth_time` expires at the latest.
    pub fn latest_expiry(&self, auth_time: Timestamp) -> Timestamp {
        auth_time + self.lifetime
    }

    pub(crate) fn refreshes_on_changes_only(&self) -> bool {
        self.refresh_threshold.is_zero()
    }

    /// Whether a session is due for a refresh: little of its time remains, and it can be moved. Or the
    /// browser would drop the cookie, sealed at `sealed_at`, long before the session expires.
    pub(crate) fn is_due(
        &self,
        auth_time: Timestamp,
        sealed_at: Timestamp,
        expires_at: Timestamp,
        now: Timestamp,
    ) -> bool {
        let can_move = self.expiry(auth_time, now) > expires_at;
        let little_remains = expires_at.since(now) <= self.refresh_threshold;
        let outlives_cookie = expires_at.since(sealed_at) > MAX_COOKIE_AGE;
        (can_move && little_remains)
            || (outlives_cookie && now.since(sealed_at) >= MAX_COOKIE_AGE * 3 / 4)
    }
}

impl Default for ExpiryPolicy {
    fn default() -> Self {
        Self {
            idle_timeout: Self::DEFAULT_IDLE_TIMEOUT,
            lifetime: Self::DEFAULT_LIFETIME,
            refresh_threshold: Self::DEFAULT_IDLE_TIMEOUT / 4,
        }
    }
}
