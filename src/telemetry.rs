//! What the process counts and measures: every metric's name, help and labels, in one place.
//! Nothing here decides anything.
//!
//! It goes through the crate `metrics`, which keeps nothing until a recorder is installed. The server
//! installs one when `METRICS_LISTEN` is set; an app that has only the session layer may install its
//! own, and then calls [`describe`].
//!
//! A label never holds anything that came with a request, so there are only as many series as
//! `docs/metrics.md` lists. Times are in seconds, as Prometheus wants them.

use std::{fmt, time::Duration};

use metrics::{
    Counter, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};

const LOGINS: &str = "waxseal_logins_total";
const SIGNUPS: &str = "waxseal_signups_total";
const OPENED: &str = "waxseal_sessions_opened_total";
const REFRESHED: &str = "waxseal_sessions_refreshed_total";
const REVOKED: &str = "waxseal_sessions_revoked_total";
const REJECTED: &str = "waxseal_cookies_rejected_total";
const LIST_ENTRIES: &str = "waxseal_revocation_list_entries";
const FEED_AGE: &str = "waxseal_revocation_feed_age_seconds";
const REQUEST_TIME: &str = "waxseal_http_request_duration_seconds";
const HASHING_TIME: &str = "waxseal_password_hashing_seconds";
const HASHING_WAIT: &str = "waxseal_password_hashing_wait_seconds";

const COUNTERS: [(&str, &str); 6] = [
    (LOGINS, "Log-ins by outcome; a wrong password on another form counts as refused."),
    (SIGNUPS, "Accounts that people made."),
    (OPENED, "Sessions opened by this node."),
    (REFRESHED, "Sessions whose expiry this node has moved, or whose cookie it has sealed anew."),
    (REVOKED, "Sessions revoked by this node."),
    (REJECTED, "Session cookies that opened no session, by reason."),
];

const GAUGES: [(&str, &str); 2] = [
    (LIST_ENTRIES, "Revoked sessions that this node remembers."),
    (FEED_AGE, "Seconds since this node last heard of revocations; after 30 it trusts no cookie."),
];

/// Every histogram: its name, its help, and the upper ends of its buckets in seconds.
pub const HISTOGRAMS: [(&str, &str, &[f64]); 3] = [
    (
        REQUEST_TIME,
        "Time from a request's head to its answer's, by method and class of status.",
        &REQUEST_BUCKETS,
    ),
    (HASHING_TIME, "Time that hashing or comparing a password took.", &HASHING_BUCKETS),
    (
        HASHING_WAIT,
        "Time that a password waited for its turn to be hashed, compared or judged.",
        &WAIT_BUCKETS,
    ),
];

/// From what a page in memory takes to what a 503 may take at most.
const REQUEST_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Around 25 ms, which a hash takes on a core of its own.
const HASHING_BUCKETS: [f64; 9] = [0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0];
/// Up to 3 s, which is as long as anybody waits.
const WAIT_BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0];

const GRANTED: &str = "granted";
const REFUSED: &str = "refused";
const THROTTLED: &str = "throttled";

/// Tells the recorder what each metric is for.
pub fn describe() {
    for (name, help) in COUNTERS {
        describe_counter!(name, help);
    }
    for (name, help) in GAUGES {
        describe_gauge!(name, help);
    }
    for (name, help, _) in HISTOGRAMS {
        describe_histogram!(name, help);
    }
}

/// Has every series there from the start: one that appears with its first event has no increase
/// that an alert could see.
pub fn begin_at_zero() {
    for counter in [GRANTED, REFUSED, THROTTLED].map(logins) {
        counter.increment(0);
    }
    for counter in CookieRejection::ALL.map(rejected) {
        counter.increment(0);
    }
    for name in [SIGNUPS, OPENED, REFRESHED, REVOKED] {
        counter!(name).increment(0);
    }
    // To ask for a histogram is to have it.
    for name in [HASHING_TIME, HASHING_WAIT] {
        let _empty: Histogram = histogram!(name);
    }
}

/// Somebody logged in.
pub fn login_granted() {
    logins(GRANTED).increment(1);
}

/// An unknown address, or a password that is another one.
pub fn login_refused() {
    logins(REFUSED).increment(1);
}

/// After too many wrong passwords, one that was not even looked at.
pub fn login_throttled() {
    logins(THROTTLED).increment(1);
}

/// Somebody signed up.
pub fn signed_up() {
    counter!(SIGNUPS).increment(1);
}

/// A session was opened, and is kept. Counted by registries.
pub fn session_opened() {
    counter!(OPENED).increment(1);
}

/// A session was refreshed.
pub fn session_refreshed() {
    counter!(REFRESHED).increment(1);
}

/// Sessions were revoked that were not before. Counted by registries.
pub fn sessions_revoked(number: usize) {
    if number > 0 {
        counter!(REVOKED).increment(u64::try_from(number).unwrap_or(u64::MAX));
    }
}

/// A cookie opened no session.
pub fn cookie_rejected(reason: CookieRejection) {
    rejected(reason).increment(1);
}

/// How many sessions are on the revocation list, and how long ago its feed was heard.
pub fn revocations(entries: usize, feed_age: Duration) {
    gauge!(LIST_ENTRIES).set(entries as f64);
    gauge!(FEED_AGE).set(feed_age);
}

/// A request was answered.
pub fn request_answered(method: &str, status: u16, after: Duration) {
    let method = match method {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        _ => "other",
    };
    let status = match status {
        100..=199 => "1xx",
        200..=299 => "2xx",
        300..=399 => "3xx",
        400..=499 => "4xx",
        _ => "5xx",
    };
    histogram!(REQUEST_TIME, "method" => method, "status" => status).record(after);
}

/// A password was hashed, or compared.
pub fn password_hashed(took: Duration) {
    histogram!(HASHING_TIME).record(took);
}

/// A password's turn has come.
pub fn hashing_waited(waited: Duration) {
    histogram!(HASHING_WAIT).record(waited);
}

/// Why a cookie opened no session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CookieRejection {
    /// There are several of that name.
    Several,
    /// It is no token.
    Malformed,
    /// Its key is not on the keyring.
    UnknownKey,
    /// Changed on the way, or sealed for another purpose.
    Forged,
    /// What it seals are not a session's claims.
    NotASession,
    /// It is dead.
    Expired,
    /// It says that it was sealed later.
    SealedInTheFuture,
    /// Its session was revoked.
    Revoked,
    /// Its session's row is gone.
    Gone,
}

impl CookieRejection {
    const ALL: [Self; 9] = [
        Self::Several,
        Self::Malformed,
        Self::UnknownKey,
        Self::Forged,
        Self::NotASession,
        Self::Expired,
        Self::SealedInTheFuture,
        Self::Revoked,
        Self::Gone,
    ];

    const fn label(self) -> &'static str {
        match self {
            Self::Several => "several",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::Forged => "forged",
            Self::NotASession => "not_a_session",
            Self::Expired => "expired",
            Self::SealedInTheFuture => "sealed_in_the_future",
            Self::Revoked => "revoked",
            Self::Gone => "gone",
        }
    }
}

/// As the log says it: `unknown key`.
impl fmt::Display for CookieRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.label().replace('_', " "))
    }
}

fn logins(outcome: &'static str) -> Counter {
    counter!(LOGINS, "outcome" => outcome)
}

fn rejected(reason: CookieRejection) -> Counter {
    counter!(REJECTED, "reason" => reason.label())
}
