//! How often one network may sign up and log in, whoever it claims to be: a limit in the memory of
//! this node, before anything is looked up or hashed.
//!
//! What makes guessing a password slow, on every node and after a restart, is counted in the
//! database: `accounts::throttle`. This keeps one place from filling the database with accounts, or
//! the queue of hashing with attempts on many.

use std::{num::NonZero, time::Duration};

use governor::{
    NotUntil, Quota, RateLimiter, clock::Clock as _, middleware::NoOpMiddleware, nanos::Nanos,
    state::keyed::HashMapStateStore,
};

use crate::{
    accounts::{UserId, network},
    audit,
    clock::Clock,
};

/// So many at once, and then one every so often.
struct Limit {
    burst: NonZero<u32>,
    every: Duration,
}

/// Many people may share an address, and come in the same minute.
const LOG_INS: Limit = Limit { burst: at_once(100), every: Duration::from_secs(1) };

/// A person signs up once; a class, together.
const SIGN_UPS: Limit = Limit { burst: at_once(30), every: Duration::from_secs(60) };

const fn at_once(number: u32) -> NonZero<u32> {
    // None is not a number of attempts.
    match NonZero::new(number) {
        Some(number) => number,
        None => NonZero::<u32>::MIN,
    }
}

/// When there are this many networks, those that would be let in again are forgotten.
const SWEEP_FROM: usize = 10_000;

/// The limits of this node.
pub struct Limits {
    log_ins: Limiter,
    sign_ups: Limiter,
}

type Limiter = RateLimiter<String, HashMapStateStore<String>, Elapsed, NoOpMiddleware<Nanos>>;

impl Limits {
    /// Limits by this clock's time that passes.
    pub fn new(clock: &Clock) -> Self {
        Self { log_ins: limiter(&LOG_INS, clock), sign_ups: limiter(&SIGN_UPS, clock) }
    }

    /// Counts an attempt to log in, from this address: how long to wait, if it is one too many.
    pub(super) fn log_in(&self, address: &str) -> Option<Duration> {
        let wait = check(&self.log_ins, address)?;
        audit::login_limited(address);
        Some(wait)
    }

    /// The same for somebody who is logged in and gives a password; they are counted together.
    pub(super) fn password(&self, user: UserId, address: &str) -> Option<Duration> {
        let wait = check(&self.log_ins, address)?;
        audit::password_limited(user, address);
        Some(wait)
    }

    /// Counts an attempt to sign up.
    pub(super) fn sign_up(&self, address: &str) -> Option<Duration> {
        let wait = check(&self.sign_ups, address)?;
        audit::signup_limited(address);
        Some(wait)
    }
}

fn limiter(limit: &Limit, clock: &Clock) -> Limiter {
    let quota = Quota::with_period(limit.every).unwrap_or(Quota::per_second(limit.burst));
    let quota = quota.allow_burst(limit.burst);
    RateLimiter::new(quota, HashMapStateStore::default(), Elapsed(clock.clone()))
}

fn check(limiter: &Limiter, address: &str) -> Option<Duration> {
    if limiter.len() >= SWEEP_FROM {
        limiter.retain_recent();
    }
    let now = limiter.clock().now();
    let refused = limiter.check_key(&network(address)).err();
    refused.map(|not_until: NotUntil<Nanos>| not_until.wait_time_from(now))
}

/// Our clock, as the limiter reads it.
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
    use crate::clock::Timestamp;

    #[test]
    fn a_network_that_has_come_too_often_waits_and_others_do_not() {
        let clock = Clock::manual(Timestamp::from_unix(0));
        let limits = Limits::new(&clock);
        for _ in 0..SIGN_UPS.burst.get() {
            assert_eq!(limits.sign_up("2001:db8::1"), None);
        }
        assert_eq!(limits.sign_up("2001:db8::2"), Some(SIGN_UPS.every));
        assert_eq!(limits.sign_up("2001:db8:0:1::1"), None);
        assert_eq!(limits.log_in("2001:db8::1"), None);
        clock.elapse(SIGN_UPS.every);
        assert_eq!(limits.sign_up("2001:db8::3"), None);
        assert!(limits.sign_up("2001:db8::3").is_some());
    }

    #[test]
    fn networks_that_would_be_let_in_again_are_not_kept_for_ever() {
        let clock = Clock::manual(Timestamp::from_unix(0));
        let limits = Limits::new(&clock);
        for number in 0..SWEEP_FROM {
            assert_eq!(limits.sign_up(&format!("2001:db8:0:{number:x}::1")), None);
        }
        assert_eq!(limits.sign_ups.len(), SWEEP_FROM);
        clock.elapse(3 * SIGN_UPS.every);
        assert_eq!(limits.sign_up("192.0.2.7"), None);
        assert_eq!(limits.sign_ups.len(), 1);
    }
}
