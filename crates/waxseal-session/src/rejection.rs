//! Why a session cookie was rejected.

use std::fmt;

use waxseal_seal::InvalidToken;

/// Why a session cookie was rejected. Its request is answered as a visitor's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// The request has several cookies of that name.
    DuplicateCookie,
    /// The value is not a token.
    Malformed,
    /// The key is not on the keyring.
    UnknownKey,
    /// The token was modified, or sealed for another purpose.
    Forged,
    /// The token does not hold the claims of a session.
    NotASession,
    /// The session has expired.
    Expired,
    /// The token was sealed more than a minute from now: one of the clocks is wrong.
    SealedInTheFuture,
    /// The session was revoked.
    Revoked,
    /// The session was renewed within the last minute: the request was late. Its cookie is not cleared,
    /// because the browser may have the new one by now.
    Replaced,
    /// The store has no record of the session.
    Gone,
}

impl Rejection {
    /// Every reason there is.
    pub const ALL: [Self; 10] = [
        Self::DuplicateCookie,
        Self::Malformed,
        Self::UnknownKey,
        Self::Forged,
        Self::NotASession,
        Self::Expired,
        Self::SealedInTheFuture,
        Self::Revoked,
        Self::Replaced,
        Self::Gone,
    ];

    /// The reason as metrics and JSON have it: `unknown_key`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::DuplicateCookie => "duplicate_cookie",
            Self::Malformed => "malformed",
            Self::UnknownKey => "unknown_key",
            Self::Forged => "forged",
            Self::NotASession => "not_a_session",
            Self::Expired => "expired",
            Self::SealedInTheFuture => "sealed_in_the_future",
            Self::Revoked => "revoked",
            Self::Replaced => "replaced",
            Self::Gone => "gone",
        }
    }
}

/// The reason as the log has it: `unknown key`.
impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.as_str().replace('_', " "))
    }
}

impl From<InvalidToken> for Rejection {
    fn from(reason: InvalidToken) -> Self {
        match reason {
            InvalidToken::Malformed => Self::Malformed,
            InvalidToken::UnknownKey => Self::UnknownKey,
            InvalidToken::Forged => Self::Forged,
        }
    }
}
