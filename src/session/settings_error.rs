//! What can be wrong with the session layer's settings.

/// A setting of the session layer that is outside what is allowed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// The idle timeout is under a second.
    #[error("the idle timeout must be at least 1s")]
    IdleTimeout,
    /// The lifetime is below the idle timeout.
    #[error("the lifetime must not be below the idle timeout")]
    Lifetime,
    /// The refresh threshold is under a second or above the idle timeout.
    #[error("the refresh threshold must be at least 1s and at most the idle timeout")]
    RefreshBelow,
    /// The name is empty or has a character that a cookie's name can't have (RFC 6265).
    #[error("a cookie's name is made of letters, digits and !#$%&'*+-.^_`|~ (got {0:?})")]
    CookieName(String),
    /// A cookie attribute has a character that would end it, or the path no `/` at its start.
    #[error("{0:?} can't be a cookie's path or domain")]
    CookieScope(String),
    /// The name's prefix promises browsers what the other settings don't keep.
    #[error("{0}")]
    CookiePrefix(&'static str),
}
