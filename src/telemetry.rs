//! Every metric: its name, help text and labels. The counters of sessions are those of
//! [`waxseal_session::telemetry`].
//!
//! They go through the crate `metrics`, which does nothing until a recorder is installed. The server
//! installs one if `METRICS_LISTEN` is set.
//!
//! Labels never hold anything that came with a request, so the number of series is fixed;
//! `docs/metrics.md` lists them. Times are in seconds.

use std::time::Duration;

use metrics::{
    Counter, Histogram, counter, describe_counter, describe_gauge, describe_histogram, gauge,
    histogram,
};
use waxseal_session::telemetry as session;

const LOGINS: &str = "waxseal_logins_total";
const SIGNUPS: &str = "waxseal_signups_total";
const MAILS: &str = "waxseal_mails_total";
const MAILS_WAITING: &str = "waxseal_mails_waiting";
const MAIL_OLDEST: &str = "waxseal_mail_oldest_seconds";
const LIST_ENTRIES: &str = "waxseal_revocation_list_entries";
const FEED_AGE: &str = "waxseal_revocation_feed_age_seconds";
const REQUEST_TIME: &str = "waxseal_http_request_duration_seconds";
const HASHING_TIME: &str = "waxseal_password_hashing_seconds";
const HASHING_WAIT: &str = "waxseal_password_hashing_wait_seconds";

const COUNTERS: [(&str, &str); 3] = [
    (LOGINS, "Log-ins by outcome; a wrong password on another form counts as refused."),
    (SIGNUPS, "Accounts created by sign-up."),
    (
        MAILS,
        "Mails by kind and outcome: sent, delayed (to be tried again), failed (given up), dropped (nothing to send).",
    ),
];

const GAUGES: [(&str, &str); 4] = [
    (LIST_ENTRIES, "Revoked sessions on this node's revocation list."),
    (
        FEED_AGE,
        "Seconds since the latest successful poll of revocations; after 30 no cookie is accepted.",
    ),
    (MAILS_WAITING, "Mails that are to be sent, on all nodes."),
    (MAIL_OLDEST, "How long the oldest of them has waited, in seconds."),
];

/// Every histogram: its name, help text and bucket bounds in seconds.
pub const HISTOGRAMS: [(&str, &str, &[f64]); 3] = [
    (
        REQUEST_TIME,
        "Time from a request's head to its response's, by method and status class.",
        &REQUEST_BUCKETS,
    ),
    (HASHING_TIME, "Time to hash or verify a password.", &HASHING_BUCKETS),
    (
        HASHING_WAIT,
        "Time that a password waited to be hashed, verified or validated.",
        &WAIT_BUCKETS,
    ),
];

/// From a page in memory to the longest time that a 503 may take.
const REQUEST_BUCKETS: [f64; 14] =
    [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0];
/// Around 25 ms, the time of a hash on an idle core.
const HASHING_BUCKETS: [f64; 9] = [0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.25, 0.5, 1.0];
/// Up to 3 s, the longest wait.
const WAIT_BUCKETS: [f64; 10] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 3.0];

const GRANTED: &str = "granted";
const REFUSED: &str = "refused";
const THROTTLED: &str = "throttled";

const SENT: &str = "sent";
const DELAYED: &str = "delayed";
const FAILED: &str = "failed";
const DROPPED: &str = "dropped";

/// Describes each metric to the recorder.
pub fn describe() {
    for (name, help) in COUNTERS.into_iter().chain(session::COUNTERS) {
        describe_counter!(name, help);
    }
    for (name, help) in GAUGES {
        describe_gauge!(name, help);
    }
    for (name, help, _) in HISTOGRAMS {
        describe_histogram!(name, help);
    }
}

/// Registers every series at zero: one that appears with its first event shows no increase that an
/// alert could see. `mail_kinds` are the kinds of mails.
pub fn register(mail_kinds: impl IntoIterator<Item = &'static str>) {
    for kind in mail_kinds {
        for outcome in [SENT, DELAYED, FAILED, DROPPED] {
            mails(kind, outcome).increment(0);
        }
    }
    outbox(0, Duration::ZERO);
    for counter in [GRANTED, REFUSED, THROTTLED].map(logins) {
        counter.increment(0);
    }
    counter!(SIGNUPS).increment(0);
    session::register();
    // Creating the handle registers the histogram.
    for name in [HASHING_TIME, HASHING_WAIT] {
        let _empty: Histogram = histogram!(name);
    }
}

/// A log-in was granted.
pub fn login_granted() {
    logins(GRANTED).increment(1);
}

/// A log-in was refused: unknown address or wrong password.
pub fn login_refused() {
    logins(REFUSED).increment(1);
}

/// A log-in was throttled: its password was not checked.
pub fn login_throttled() {
    logins(THROTTLED).increment(1);
}

/// An account was created by sign-up.
pub fn signed_up() {
    counter!(SIGNUPS).increment(1);
}

/// A mail was sent.
pub fn mail_sent(kind: &'static str) {
    mails(kind, SENT).increment(1);
}

/// A mail could not be sent now.
pub fn mail_delayed(kind: &'static str) {
    mails(kind, DELAYED).increment(1);
}

/// A mail was given up.
pub fn mail_failed(kind: &'static str) {
    mails(kind, FAILED).increment(1);
}

/// There was nothing to send: no account has the address, or the act is done.
pub fn mail_dropped(kind: &'static str) {
    mails(kind, DROPPED).increment(1);
}

/// What waits in the outbox.
pub fn outbox(waiting: u64, oldest: Duration) {
    gauge!(MAILS_WAITING).set(waiting as f64);
    gauge!(MAIL_OLDEST).set(oldest);
}

/// The state of the revocation feed.
pub fn revocation_feed(entries: usize, feed_age: Duration) {
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

/// A password was hashed or verified.
pub fn password_hashed(took: Duration) {
    histogram!(HASHING_TIME).record(took);
}

/// A password left the queue.
pub fn hashing_waited(waited: Duration) {
    histogram!(HASHING_WAIT).record(waited);
}

fn mails(kind: &'static str, outcome: &'static str) -> Counter {
    counter!(MAILS, "kind" => kind, "outcome" => outcome)
}

fn logins(outcome: &'static str) -> Counter {
    counter!(LOGINS, "outcome" => outcome)
}
