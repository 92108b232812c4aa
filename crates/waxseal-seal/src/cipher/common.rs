//! The sizes and errors that both implementations share.

/// The key, in bytes.
pub(crate) const KEY: usize = 32;
/// The nonce, in bytes.
pub(crate) const NONCE: usize = 24;
/// The tag, in bytes.
pub(crate) const TAG: usize = 16;

/// The text, the associated data, the nonce, the tag or the key is not the one that was used.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Forged;

/// Longer than one key and nonce can encrypt: 256 GiB.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TooLong;
