//! Where the state of a session is kept.

/// Where the state of a session is kept. Changing it logs no one out: either mode accepts the
/// other's cookies and re-seals them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Mode {
    /// In the cookie, with a copy in the store: a request costs no query.
    #[default]
    Cookie,
    /// In the store, read on every request; the cookie seals only the id and the times. For states
    /// that are too large for a cookie.
    Database,
}
