//! How many connections a node has at most.

/// How many connections a node has to its database at most, all in all: one that polls for revocations, one
/// that listens for them (PostgreSQL), and the rest for requests, which wait in line for one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectionLimit(u32);

impl ConnectionLimit {
    /// The lowest limit: one connection for requests, one to poll and one to listen.
    pub const LOWEST: u32 = 3;
    /// The highest limit. PostgreSQL itself allows 100 by default.
    pub const HIGHEST: u32 = 1000;
    /// The default.
    pub const DEFAULT: Self = Self(10);

    /// A limit from [`LOWEST`](Self::LOWEST) to [`HIGHEST`](Self::HIGHEST).
    pub const fn new(connections: u32) -> Option<Self> {
        match connections {
            Self::LOWEST..=Self::HIGHEST => Some(Self(connections)),
            _ => None,
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }

    /// The connections for requests.
    pub(super) const fn for_requests(self) -> u32 {
        self.0 - 2
    }
}

impl Default for ConnectionLimit {
    fn default() -> Self {
        Self::DEFAULT
    }
}
