//! What becomes of a session token that was unsealed. The middleware and tools that inspect cookies
//! ask the same function.

use std::time::Duration;

use crate::{
    claims::Claims, clock::Timestamp, expiry::ExpiryPolicy, mode::Mode, rejection::Rejection,
    store::RevocationStatus,
};

/// How far ahead another node's clock may be. Drifts of seconds are common, minutes are a fault.
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// What becomes of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Evaluation {
    /// The session is live.
    Accepted(Reseal),
    /// The session is over.
    Rejected(Rejection),
    /// The store can't say whether the session was revoked.
    Unknown,
}

/// Why the session has to be re-sealed, if it has to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Reseal {
    /// It is due for a refresh.
    pub refresh: bool,
    /// A fallback key sealed it.
    pub fallback_key: bool,
    /// It was sealed in the other mode.
    pub other_mode: bool,
}

impl Reseal {
    /// Whether there is any reason.
    pub fn any(self) -> bool {
        self.refresh || self.fallback_key || self.other_mode
    }
}

/// Evaluates the claims of a token at this time.
///
/// - `by_fallback`: whether a fallback key sealed the token.
/// - `status`: what the store says of the session.
pub fn evaluate(
    claims: &Claims,
    by_fallback: bool,
    status: RevocationStatus,
    now: Timestamp,
    policy: &ExpiryPolicy,
    mode: Mode,
) -> Evaluation {
    if now >= claims.exp {
        return Evaluation::Rejected(Rejection::Expired);
    }
    if claims.iat > now + CLOCK_SKEW {
        return Evaluation::Rejected(Rejection::SealedInTheFuture);
    }
    match status {
        RevocationStatus::Active => {}
        RevocationStatus::Revoked => return Evaluation::Rejected(Rejection::Revoked),
        RevocationStatus::Replaced { .. } => return Evaluation::Rejected(Rejection::Replaced),
        RevocationStatus::Unknown => return Evaluation::Unknown,
    }
    let policy = claims.policy(policy);
    Evaluation::Accepted(Reseal {
        refresh: policy.is_due(claims.auth_time, claims.iat, claims.exp, now),
        fallback_key: by_fallback,
        other_mode: mode != claims.mode(),
    })
}
