//! Time is passed in: everything that needs the time holds a [`Clock`] and asks it.
//!
//! Nothing else in the crate reads the system's time (a lint in `clippy.toml` sees to it), so
//! every time-out can be stepped through in a test instead of being waited for.
//!
//! ```
//! use std::time::Duration;
//! use waxseal::clock::{Clock, Timestamp};
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

/// Where the time comes from. Clones of a clock show the same time.
///
/// It has two hands. [`now`](Self::now) is the time of day, which somebody may set back or
/// forward; [`elapsed`](Self::elapsed) and [`sleep_until`](Self::sleep_until) go by the time that really
/// passes.
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

    /// A clock that stands at `start` until it is told to move: for tests, yours too.
    pub fn manual(start: Timestamp) -> Self {
        Self(Source::Manual {
            start,
            now: Arc::new(AtomicI64::new(start.0)),
            elapsed: watch::Sender::new(Duration::ZERO),
        })
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Source::System { .. } => system_time(),
            Source::Manual { now, .. } => Timestamp(now.load(Ordering::SeqCst)),
        }
    }

    /// The earliest that it can be: [`now`](Self::now), or what it would be if nobody had set the
    /// clock since it was made. For what must not be done too early, such as forgetting: a time of
    /// day that is set forward by mistake does it no harm.
    pub fn earliest(&self) -> Timestamp {
        let (Source::System { start, .. } | Source::Manual { start, .. }) = &self.0;
        self.now().min(*start + self.elapsed())
    }

    /// How much time has passed since this clock was made.
    pub fn elapsed(&self) -> Duration {
        match &self.0 {
            Source::System { started, .. } => started.elapsed(),
            Source::Manual { elapsed, .. } => *elapsed.borrow(),
        }
    }

    /// Waits until this much time has passed since the clock was made; on a manual clock, until
    /// [`elapse`](Self::elapse) says so.
    pub async fn sleep_until(&self, then: Duration) {
        match &self.0 {
            Source::System { .. } => {
                tokio::time::sleep(then.saturating_sub(self.elapsed())).await;
            }
            Source::Manual { elapsed, .. } => {
                let mut hand = elapsed.subscribe();
                // Never an error: this very clock holds the sending end.
                let _passed = hand.wait_for(|elapsed| *elapsed >= then).await.is_ok();
            }
        }
    }

    /// Puts a manual clock's time of day forward by whole seconds, as if somebody had set it:
    /// no time passes for those who [sleep](Self::sleep_until). The system's clock can't be moved:
    /// nothing happens.
    pub fn advance(&self, by: Duration) {
        self.set(self.now() + by);
    }

    /// Sets a manual clock's time of day, back as well as forward. The system's clock can't be
    /// set: nothing happens.
    pub fn set(&self, to: Timestamp) {
        if let Source::Manual { now, .. } = &self.0 {
            now.store(to.0, Ordering::SeqCst);
        }
    }

    /// Lets time pass on a manual clock: both hands move, and who has slept long enough wakes up.
    /// On the system's clock nothing happens.
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

/// A point in time, in whole Unix seconds, between 1970 and the end of the year 9999.
///
/// Arithmetic stops at those ends instead of overflowing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "i64")]
pub struct Timestamp(i64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const MIN: Self = Self(0);
    /// 9999-12-31T23:59:59Z, the last second that RFC 3339 can write.
    pub const MAX: Self = Self(253_402_300_799);

    /// The time that lies `seconds` after 1970-01-01T00:00:00Z, or the nearer end of the range.
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

    /// How long after `earlier` this is, in whole seconds; zero when it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_secs(u64::try_from(self.0 - earlier.0).unwrap_or(0))
    }

    /// The same time for `time`'s formatting.
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
    fn arithmetic_stops_at_the_ends_of_the_range() {
        assert_eq!(Timestamp::MAX + Duration::MAX, Timestamp::MAX);
        assert_eq!(Timestamp::MIN - Duration::MAX, Timestamp::MIN);
        assert_eq!(Timestamp::MIN.since(Timestamp::MAX), Duration::ZERO);
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn a_time_of_day_that_is_set_makes_it_no_later_than_it_can_be() {
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
