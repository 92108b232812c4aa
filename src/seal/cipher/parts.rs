//! What either cipher takes and gives.

/// How many bytes a key has.
pub(in crate::seal) const KEY: usize = 32;
/// How many bytes a nonce has.
pub(in crate::seal) const NONCE: usize = 24;
/// How many bytes a tag has.
pub(in crate::seal) const TAG: usize = 16;

/// The text, the associated data, the nonce or the tag is not what it was, or the key another one.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::seal) struct Forged;

/// Longer than a key and a nonce can encrypt: 256 GiB.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::seal) struct TooLong;
