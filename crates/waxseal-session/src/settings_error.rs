//! Invalid settings of the middleware.

use std::io;

/// A setting of the session middleware is outside its range.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SettingsError {
    /// The idle timeout is under a second.
    #[error("the idle timeout must be at least 1s")]
    IdleTimeout,
    /// The lifetime is below the idle timeout.
    #[error("the lifetime must not be below the idle timeout")]
    Lifetime,
    /// The refresh threshold is under a second or above the idle timeout.
    #[error("the refresh threshold must be at least 1s and at most the idle timeout")]
    RefreshThreshold,
    /// The name is empty or has a character that cookie names can't have (RFC 6265).
    #[error("a cookie name consists of letters, digits and !#$%&'*+-.^_`|~ (got {0:?})")]
    CookieName(String),
    /// The path or domain has a character that would end the attribute, or the path has no leading `/`.
    #[error("{0:?} is not a valid cookie path or domain")]
    CookieScope(String),
    /// Database mode with a store that keeps no records.
    #[error("database mode needs a store that keeps records; this one is stateless")]
    NoRecords,
    /// The other settings break what the name's prefix promises to browsers.
    #[error("{0}")]
    CookiePrefix(&'static str),
}

impl From<SettingsError> for io::Error {
    fn from(error: SettingsError) -> Self {
        Self::new(io::ErrorKind::InvalidInput, error)
    }
}
