//! Time is passed in: whatever needs the time holds a [`Clock`]. Nothing else reads the system's
//! clock (a lint in `clippy.toml` enforces it), so tests step through timeouts instead of waiting.
//!
//! ```
//! use std::time::Duration;
//! use waxseal_session::{Clock, Timestamp};
//!
//! let clock = Clock::manual(Timestamp::from_unix(1_700_000_000));
//! clock.advance(Duration::from_secs(90));
//! assert_eq!(clock.now().as_unix(), 1_700_000_090);
//! ```

use std::{
    fmt,
    ops::{Add, Sub},
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use serde::{Deserialize, Serialize};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use tokio::sync::watch;

/// A source of time. Clones share it.
///
/// [`now`](Self::now) is the wall clock, which can be set back or forward;
/// [`elapsed`](Self::elapsed) and [`sleep_until`](Self::sleep_until) are monotonic.
#[derive(Debug, Clone)]
pub struct Clock(Source);

#[derive(Debug, Clone)]
enum Source {
    System { started: Instant, start: Timestamp },
    Manual { start: Timestamp, now: Arc<AtomicI64>, elapsed: watch::Sender<Duration> },
}

impl Clock {
    /// The system's clock.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn system() -> Self {
        Self(Source::System { started: Instant::now(), start: system_time() })
    }

    /// A clock that stays at `start` until it is moved, for tests.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual {
            start,
            now: Arc::new(AtomicI64::new(start.0)),
            elapsed: watch::Sender::new(Duration::ZERO),
        })
    }

    /// The wall-clock time.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { .. } => system_time(),
            Source::Manual { now, .. } => Timestamp(now.load(Ordering::SeqCst)),
        }
    }

    /// The earliest time it can be: [`now`](Self::now), or start time + elapsed time if that is
    /// earlier. Use it for what must not happen too early, such as deleting: a wall clock that is set
    /// forward by mistake then does no harm.
    pub fn earliest(&self) -> Timestamp {
        let (Source::System { start, .. } | Source::Manual { start, .. }) = &self.0;
        self.now().min(*start + self.elapsed())
    }

    /// The time since this clock was created.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::System { started, .. } => started.elapsed(),
            Source::Manual { elapsed, .. } => *elapsed.borrow(),
        }
    }

    /// Waits until this much time has passed since the clock was created; on a manual clock, until
    /// [`elapse`](Self::elapse) has moved it that far.
    pub async fn sleep_until(&self, then: Duration) {
        match &self.0 {
            Source::System { .. } => {
                tokio::time::sleep(then.saturating_sub(self.elapsed())).await;
            }
            Source::Manual { elapsed, .. } => {
                let mut elapsed = elapsed.subscribe();
                // Never an error: this clock holds the sender.
                let _reached = elapsed.wait_for(|elapsed| *elapsed >= then).await.is_ok();
            }
        }
    }

    /// Sets a manual clock's wall time forward, in whole seconds. The elapsed time stays: nothing that
    /// [sleeps](Self::sleep_until) wakes. Does nothing on the system's clock.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// Sets a manual clock's wall time, back or forward. Does nothing on the system's clock.
    pub fn set(&self, to: Timestamp) {
        if let Source::Manual { now, .. } = &self.0 {
            now.store(to.0, Ordering::SeqCst);
        }
    }

    /// Lets time pass on a manual clock: wall time and elapsed time move, and sleepers wake. Does
    /// nothing on the system's clock.
    pub fn elapse(&self, by: Duration) {
        self.advance(by);
        if let Source::Manual { elapsed, .. } = &self.0 {
            elapsed.send_modify(|elapsed| *elapsed += by);
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
fn system_time() -> Timestamp {
    Timestamp::from_unix(OffsetDateTime::now_utc().unix_timestamp())
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

/// A point in time in whole Unix seconds, from 1970 to the end of the year 9999. Arithmetic saturates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
    pub const MAX: Self = Self(253_402_300_799);

    /// The time `seconds` after 1970-01-01T00:00:00Z, clamped to the range.
    pub const fn from_unix(seconds: i64) -> Self {
        if seconds < Self::MIN.0 {
            Self::MIN
        } else if seconds > Self::MAX.0 {
            Self::MAX
        } else {
            Self(seconds)
        }
    }

    /// Seconds since 1970-01-01T00:00:00Z.
    pub const fn as_unix(self) -> i64 {
        self.0
    }

    /// The time since `earlier`, in whole seconds; zero when this is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The same time as the `time` crate's type, for formatting.
    pub fn to_date_time(self) -> OffsetDateTime {
        OffsetDateTime::from_unix_timestamp(self.0).unwrap_or(OffsetDateTime::UNIX_EPOCH)
    }
}

/// Out of range: before 1970 or after the year 9999.
#[derive(Debug, thiserror::Error)]
#[error("{0} is not a Unix time between 1970 and 9999")]
pub struct OutOfRange(i64);

impl TryFrom<i64> for Timestamp {
    type Error = OutOfRange;

    fn try_from(seconds: i64) -> Result<Self, OutOfRange> {
        let clamped = Self::from_unix(seconds);
        if clamped.0 == seconds { Ok(clamped) } else { Err(OutOfRange(seconds)) }
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, by: Duration) -> Self {
        Self::from_unix(self.0.saturating_add_unsigned(by.as_secs()))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;

    fn sub(self, by: Duration) -> Self {
        Self::from_unix(self.0.saturating_sub_unsigned(by.as_secs()))
    }
}

/// RFC 3339, in UTC: `2023-11-14T22:13:20Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_date_time().format(&Rfc3339).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Duration::MAX, Timestamp::MIN);
        assert_eq!(Timestamp::MIN.since(Timestamp::MAX), Duration::ZERO);
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn a_wall_clock_set_forward_does_not_move_the_earliest_time() {
        let clock = Clock::manual(Timestamp::from_unix(1000));
        clock.set(Timestamp::from_unix(9000));
        assert_eq!(clock.earliest(), Timestamp::from_unix(1000));
        clock.elapse(Duration::from_secs(5));
        assert_eq!(clock.earliest(), Timestamp::from_unix(1005));
        clock.set(Timestamp::from_unix(10));
        assert_eq!(clock.earliest(), Timestamp::from_unix(10));
    }

    #[test]
    fn a_time_out_of_range_does_not_deserialize() {
        assert!(serde_json::from_str::<Timestamp>("253402300799").is_ok());
        assert!(serde_json::from_str::<Timestamp>("253402300800").is_err());
        assert!(serde_json::from_str::<Timestamp>("-1").is_err());
        assert!(serde_json::from_str::<Timestamp>("1.0").is_err());
    }
}
