//! Rate limits on sign-ups, log-ins and mails from one network, whichever account they name. They are kept
//! in this node's memory, and checked before anything is looked up or hashed.
//!
//! They keep one network from filling the database with accounts, or the hashing queue with
//! attempts. Guessing one account's password is slowed down elsewhere, on all nodes and across
//! restarts: `accounts::throttle`.

use std::{num::NonZero, time::Duration};

use governor::{
    NotUntil, Quota, RateLimiter, clock::Clock as _, middleware::NoOpMiddleware, nanos::Nanos,
    state::keyed::HashMapStateStore,
};
use waxseal_session::Clock;

use crate::{
    accounts::{UserId, client_network},
    audit,
};

/// `burst` at once, then one `every` so often.
struct RateLimit {
    burst: NonZero<u32>,
    every: Duration,
}

/// Many people may share an address, and log in within the same minute.
const LOG_INS: RateLimit = RateLimit { burst: non_zero(100), every: Duration::from_secs(1) };

/// One person signs up once, a class of students all at once.
const SIGN_UPS: RateLimit = RateLimit { burst: non_zero(30), every: Duration::from_secs(60) };

const fn non_zero(number: u32) -> NonZero<u32> {
    match NonZero::new(number) {
        Some(number) => number,
        None => NonZero::<u32>::MIN,
    }
}

/// With this many networks, those that are below their limit again are forgotten.
const CLEANUP_THRESHOLD: usize = 10_000;

/// The rate limits of this node.
pub struct RateLimits {
    log_ins: Limiter,
    sign_ups: Limiter,
    mails: Limiter,
}

type Limiter = RateLimiter<String, HashMapStateStore<String>, Elapsed, NoOpMiddleware<Nanos>>;

impl RateLimits {
    /// Limits that go by the clock's elapsed time.
    pub fn new(clock: &Clock) -> Self {
        Self {
            log_ins: limiter(&LOG_INS, clock),
            sign_ups: limiter(&SIGN_UPS, clock),
            mails: limiter(&SIGN_UPS, clock),
        }
    }

    /// Counts a log-in from this address; how long to wait if it is one too many.
    pub(super) fn check_log_in(&self, address: &str) -> Option<Duration> {
        let wait = check(&self.log_ins, address)?;
        audit::login_limited(address);
        Some(wait)
    }

    /// Counts a password that a signed-in user enters, together with the log-ins.
    pub(super) fn check_password(&self, user: UserId, address: &str) -> Option<Duration> {
        let wait = check(&self.log_ins, address)?;
        audit::password_limited(user, address);
        Some(wait)
    }

    /// Counts a mail that was asked for from this address, limited as sign-ups are; how long to wait if it is
    /// one too many.
    pub(super) fn check_mail(&self, address: &str) -> Option<Duration> {
        let wait = check(&self.mails, address)?;
        audit::mail_limited(address);
        Some(wait)
    }

    /// Counts a sign-up from this address; how long to wait if it is one too many.
    pub(super) fn check_sign_up(&self, address: &str) -> Option<Duration> {
        let wait = check(&self.sign_ups, address)?;
        audit::signup_limited(address);
        Some(wait)
    }
}

fn limiter(limit: &RateLimit, clock: &Clock) -> Limiter {
    let quota = Quota::with_period(limit.every).unwrap_or(Quota::per_second(limit.burst));
    let quota = quota.allow_burst(limit.burst);
    RateLimiter::new(quota, HashMapStateStore::default(), Elapsed(clock.clone()))
}

fn check(limiter: &Limiter, address: &str) -> Option<Duration> {
    if limiter.len() >= CLEANUP_THRESHOLD {
        limiter.retain_recent();
    }
    let now = limiter.clock().now();
    let refused = limiter.check_key(&client_network(address)).err();
    refused.map(|not_until: NotUntil<Nanos>| not_until.wait_time_from(now))
}

/// Our clock, for the limiter.
#[derive(Debug, Clone)]
struct Elapsed(Clock);

impl governor::clock::Clock for Elapsed {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        self.0.elapsed().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use waxseal_session::Timestamp;

    #[test]
    fn a_network_over_its_limit_waits_and_others_do_not() {
        let clock = Clock::manual(Timestamp::from_unix(0));
        let limits = RateLimits::new(&clock);
        for _ in 0..SIGN_UPS.burst.get() {
            assert_eq!(limits.check_sign_up("2001:db8::1"), None);
        }
        assert_eq!(limits.check_sign_up("2001:db8::2"), Some(SIGN_UPS.every));
        assert_eq!(limits.check_sign_up("2001:db8:0:1::1"), None);
        assert_eq!(limits.check_log_in("2001:db8::1"), None);
        clock.elapse(SIGN_UPS.every);
        assert_eq!(limits.check_sign_up("2001:db8::3"), None);
        assert!(limits.check_sign_up("2001:db8::3").is_some());
    }

    #[test]
    fn networks_below_their_limit_are_forgotten() {
        let clock = Clock::manual(Timestamp::from_unix(0));
        let limits = RateLimits::new(&clock);
        for number in 0..CLEANUP_THRESHOLD {
            assert_eq!(limits.check_sign_up(&format!("2001:db8:0:{number:x}::1")), None);
        }
        assert_eq!(limits.sign_ups.len(), CLEANUP_THRESHOLD);
        clock.elapse(3 * SIGN_UPS.every);
        assert_eq!(limits.check_sign_up("192.0.2.7"), None);
        assert_eq!(limits.sign_ups.len(), 1);
    }
}
