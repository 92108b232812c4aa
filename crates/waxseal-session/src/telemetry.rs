//! What the session middleware counts and logs.
//!
//! Counters go through the crate `metrics`, which does nothing until the app installs a recorder.
//! Labels never hold anything that came with a request.

use std::fmt::Display;

use metrics::{Counter, counter};

use crate::{engine::TokenSubject, rejection::Rejection};

const CREATED: &str = "waxseal_sessions_created_total";
const REFRESHED: &str = "waxseal_sessions_refreshed_total";
const REVOKED: &str = "waxseal_sessions_revoked_total";
const REJECTED: &str = "waxseal_cookies_rejected_total";

/// Every counter of the session middleware, with its help text.
pub const COUNTERS: [(&str, &str); 4] = [
    (CREATED, "Sessions created by this node."),
    (REFRESHED, "Sessions that this node has re-sealed."),
    (REVOKED, "Sessions revoked by this node."),
    (REJECTED, "Session cookies that were rejected, by reason."),
];

/// The log target of audit lines: `RUST_LOG=waxseal::audit=info` shows only them.
pub const AUDIT_TARGET: &str = "waxseal::audit";

/// Registers every counter at zero: a series that appears with its first event shows no increase
/// that an alert could see.
pub fn register() {
    for name in [CREATED, REFRESHED, REVOKED] {
        counter!(name).increment(0);
    }
    for counter in Rejection::ALL.map(rejected) {
        counter.increment(0);
    }
}

/// A session was created and kept. Called by stores.
pub fn session_created() {
    counter!(CREATED).increment(1);
}

/// Sessions were revoked that were not revoked before. Called by stores.
pub fn sessions_revoked(count: usize) {
    if count > 0 {
        counter!(REVOKED).increment(u64::try_from(count).unwrap_or(u64::MAX));
    }
}

pub(crate) fn session_refreshed() {
    counter!(REFRESHED).increment(1);
}

/// Counts and logs a rejected cookie. `subject` is known where the token could be unsealed.
pub(crate) fn cookie_rejected(
    reason: Rejection,
    subject: Option<&TokenSubject>,
    address: impl Display,
) {
    rejected(reason).increment(1);
    let whose = subject.map(|subject| format!("{subject}, ")).unwrap_or_default();
    let user = subject.and_then(|subject| subject.user.clone()).unwrap_or_default();
    let session = subject.map(|subject| subject.session.to_string()).unwrap_or_default();
    log::info!(
        target: AUDIT_TARGET,
        event = "cookie_rejected", reason = reason.as_str(), user = user.as_str(),
        session = session.as_str(), address:%;
        "cookie rejected: {reason}, {whose}from {address}"
    );
}

fn rejected(reason: Rejection) -> Counter {
    counter!(REJECTED, "reason" => reason.as_str())
}
