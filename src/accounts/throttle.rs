//! Guessing: after too many wrong passwords an attempt has to wait, longer each time.
//!
//! Failures are counted twice: on this account from this network, and on this account from anywhere.
//! Either makes attempts wait, so guessing is slow from one place and from a thousand. Addresses
//! without an account are counted alike.
//!
//! An attacker's guesses must not lock the owner out. So the count from anywhere does not hold for a
//! network from which the account was logged in to before: there only its own failures count, which no
//! one elsewhere can add to.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};
use waxseal_session::Timestamp;

use super::{error::AccountsError, service::Accounts};
use crate::{
    db::{Attempt, Client, Failures, Tally},
    domain::{Email, UserId},
};

/// The failure from which on there is a wait: people mistype twice or three times.
const FIRST_WAIT_AT: i64 = 5;

/// The first wait; it doubles with every failure after. (NIST SP 800-63B-4, section 3.2.2, wants no
/// more than 100 failures in a row on an account: that many take more than three days.)
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Whether an attempt to use a password may be made.
pub(super) enum Admission {
    /// It may; what comes of it is kept under this.
    Admitted(Attempt),
    /// It is not even looked at until then.
    Throttled(Timestamp),
}

impl Accounts {
    /// Whether an attempt on this account may be made now. What is kept of it in the end asks once
    /// more: of a thousand at the same time no more are answered than of one after another.
    pub(super) async fn admit(
        &self,
        email: &Email,
        user: Option<UserId>,
        client: &Client,
    ) -> Result<Admission, AccountsError> {
        let mut attempt = Attempt {
            account: fingerprint(email),
            network: network(&client.address),
            retry_at: retry_at_anywhere,
        };
        let Some(until) = self.store.retry_at(&attempt).await? else {
            return Ok(Admission::Admitted(attempt));
        };
        if !self.is_at_home(user, &attempt.network).await? {
            return Ok(Admission::Throttled(until));
        }
        attempt.retry_at = retry_at_here;
        let until = self.store.retry_at(&attempt).await?;
        Ok(until.map_or(Admission::Admitted(attempt), Admission::Throttled))
    }

    /// Whether the user has logged in from this network before.
    async fn is_at_home(&self, user: Option<UserId>, here: &str) -> Result<bool, AccountsError> {
        // Asked where there is no user, too: otherwise the time of the answer would tell.
        let user = user.unwrap_or_else(UserId::random);
        let addresses = self.store.addresses_of(user).await?;
        Ok(addresses.keys().any(|address| network(address) == here))
    }
}

/// What holds everywhere: the failures from here, and those from anywhere.
fn retry_at_anywhere(tally: &Tally, now: Timestamp) -> Option<Timestamp> {
    retry_at(tally.here, now).max(retry_at(tally.anywhere, now))
}

/// What holds where the owner is at home: the failures from here.
fn retry_at_here(tally: &Tally, now: Timestamp) -> Option<Timestamp> {
    retry_at(tally.here, now)
}

/// Until when there is a wait; `None` when it is over.
fn retry_at(failures: Failures, now: Timestamp) -> Option<Timestamp> {
    let until = failures.last_at + wait(failures.number);
    // A clock that was set back makes no one wait longer.
    let sane = until.min(now + LONGEST_WAIT);
    (now < sane).then_some(sane)
}

/// The wait after so many failures.
fn wait(failures: i64) -> Duration {
    if failures < FIRST_WAIT_AT {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(failures - FIRST_WAIT_AT).unwrap_or(u32::MAX);
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT)
}

/// Who an address belongs to, as far as it tells: of IPv6 the first half, which is what one
/// subscriber has (RFC 6177).
pub fn network(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        _ => address.to_owned(),
    }
}

/// What stands for an email address where it need not be read: people type other things than
/// their address there, passwords among them.
fn fingerprint(email: &Email) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(Sha256::digest(email.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_doubles_from_the_fifth_failure_to_an_hour() {
        let seconds = |failures| wait(failures).as_secs();
        assert_eq!([0, 1, 4].map(seconds), [0, 0, 0]);
        assert_eq!([5, 6, 7, 11].map(seconds), [30, 60, 120, 1920]);
        assert_eq!([12, 13, 40, 1000, i64::MAX].map(seconds), [3600; 5]);
    }

    #[test]
    fn a_clock_that_is_set_back_makes_no_one_wait_longer() {
        let at = Timestamp::from_unix;
        let failures = Failures { number: 9, last_at: at(1_000_000) };
        assert_eq!(retry_at(failures, at(1_000_000)), Some(at(1_000_480)));
        assert_eq!(retry_at(failures, at(1_000_480)), None);
        assert_eq!(retry_at(failures, at(0)), Some(at(3600)));
        assert_eq!(retry_at(Failures { number: 4, ..failures }, at(1_000_000)), None);
    }

    #[test]
    fn of_ipv6_the_first_half_counts() {
        assert_eq!(network("192.0.2.7"), "192.0.2.7");
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(network("2001:db8:1:2::1"), "2001:db8:1:2::/64");
        assert_eq!(network(""), "");
    }
}
