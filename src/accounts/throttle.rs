//! Throttling of password guesses: after too many wrong passwords, attempts on an account have to wait,
//! longer each time.
//!
//! Each failure counts twice: for the account and the client's network, and for the account from any
//! network. Either count can throttle an attempt, so guessing is slow from one network and from a
//! thousand. Addresses without an account are throttled the same way.
//!
//! An attacker's guesses must not lock the owner out. On a network from which the user has logged in
//! before, only the failures from that network count, and no one elsewhere can add to those.

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

/// The number of failures after which attempts have to wait. People mistype two or three times.
const FIRST_WAIT_AT: i64 = 5;

/// The first wait; it doubles with every further failure. (NIST SP 800-63B-4, section 3.2.2, allows 100
/// consecutive failures on an account: with these waits they take more than three days.)
const FIRST_WAIT: Duration = Duration::from_secs(30);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_secs(3600);

/// Whether the password of an attempt may be checked.
pub(super) enum Admission {
    /// It may. The outcome is recorded under this attempt.
    Admitted(Attempt),
    /// It may not be checked until then.
    Throttled(Timestamp),
}

impl Accounts {
    /// Decides whether to check a password now. Recording the outcome checks the counts again, so that
    /// concurrent attempts get no more guesses than consecutive ones.
    pub(super) async fn admit(
        &self,
        email: &Email,
        user: Option<UserId>,
        client: &Client,
    ) -> Result<Admission, AccountsError> {
        let mut attempt = Attempt {
            account: fingerprint(email),
            network: client_network(&client.address),
            retry_at: retry_at_anywhere,
        };
        let Some(until) = self.store.retry_at(&attempt).await? else {
            return Ok(Admission::Admitted(attempt));
        };
        if !self.has_logged_in_from(user, &attempt.network).await? {
            return Ok(Admission::Throttled(until));
        }
        attempt.retry_at = retry_at_here;
        let until = self.store.retry_at(&attempt).await?;
        Ok(until.map_or(Admission::Admitted(attempt), Admission::Throttled))
    }

    /// Whether the user has logged in from this network before.
    pub(super) async fn has_logged_in_from(
        &self,
        user: Option<UserId>,
        here: &str,
    ) -> Result<bool, AccountsError> {
        // The query runs even if there is no user: otherwise the response time would reveal that.
        let user = user.unwrap_or_else(UserId::random);
        let addresses = self.store.addresses_of(user).await?;
        Ok(addresses.keys().any(|address| client_network(address) == here))
    }
}

/// An attempt from a network that has failed no log-in, and from which the user has never logged in.
pub(super) fn attempt_from_elsewhere(email: &Email) -> Attempt {
    let (account, network) = (fingerprint(email), String::new());
    Attempt { account, network, retry_at: retry_at_anywhere }
}

/// The rule for an unknown network: failures from here and failures from anywhere count.
fn retry_at_anywhere(tally: &Tally, now: Timestamp) -> Option<Timestamp> {
    retry_at(tally.here, now).max(retry_at(tally.anywhere, now))
}

/// The rule for a network the user has logged in from: only failures from here count.
fn retry_at_here(tally: &Tally, now: Timestamp) -> Option<Timestamp> {
    retry_at(tally.here, now)
}

/// When the wait after these failures ends; `None` if it is over.
fn retry_at(failures: Failures, now: Timestamp) -> Option<Timestamp> {
    let until = failures.last_at + wait(failures.number);
    // If the clock was set back, the wait must not grow.
    let until = until.min(now + LONGEST_WAIT);
    (now < until).then_some(until)
}

/// The wait after this many failures.
fn wait(failures: i64) -> Duration {
    if failures < FIRST_WAIT_AT {
        return Duration::ZERO;
    }
    let doublings = u32::try_from(failures - FIRST_WAIT_AT).unwrap_or(u32::MAX);
    let factor = 1_u32.checked_shl(doublings).unwrap_or(u32::MAX);
    FIRST_WAIT.saturating_mul(factor).min(LONGEST_WAIT)
}

/// The network of an IP address: the address itself for IPv4, its /64 for IPv6, because a subscriber
/// gets at least that (RFC 6177).
pub fn client_network(address: &str) -> String {
    match address.parse::<IpAddr>() {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{}/64", Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
        }
        _ => address.to_owned(),
    }
}

/// A hash of an email address. The counts are stored under it, because people type other things into
/// that field, passwords among them.
pub(super) fn fingerprint(email: &Email) -> String {
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
    fn setting_the_clock_back_does_not_lengthen_the_wait() {
        let at = Timestamp::from_unix;
        let failures = Failures { number: 9, last_at: at(1_000_000) };
        assert_eq!(retry_at(failures, at(1_000_000)), Some(at(1_000_480)));
        assert_eq!(retry_at(failures, at(1_000_480)), None);
        assert_eq!(retry_at(failures, at(0)), Some(at(3600)));
        assert_eq!(retry_at(Failures { number: 4, ..failures }, at(1_000_000)), None);
    }

    #[test]
    fn an_ipv6_network_is_a_64_bit_prefix() {
        assert_eq!(client_network("192.0.2.7"), "192.0.2.7");
        assert_eq!(client_network("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(client_network("2001:db8:1:2::1"), "2001:db8:1:2::/64");
        assert_eq!(client_network(""), "");
    }
}
