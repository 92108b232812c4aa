//! The cipher under the seal: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
//!
//! In Rust, or, with the feature `ring`, in ring's assembly: the same cipher, so tokens of the one are
//! tokens of the other. ring's is the faster one (see `docs/benchmarks.md`), and takes a C compiler to
//! build; it does not wipe its copies of the key from memory.

#[cfg(not(feature = "ring"))]
mod portable;
#[cfg(feature = "ring")]
mod with_ring;
#[cfg(test)]
mod wycheproof;

#[cfg(not(feature = "ring"))]
pub(super) use portable::Cipher;
#[cfg(feature = "ring")]
pub(super) use with_ring::Cipher;

/// How many bytes a key has.
pub(super) const KEY: usize = 32;
/// How many bytes a nonce has.
pub(super) const NONCE: usize = 24;
/// How many bytes a tag has.
pub(super) const TAG: usize = 16;

/// The text, the associated data, the nonce or the tag is not what it was, or the key another one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Forged;

/// Longer than a key and a nonce can encrypt: 256 GiB.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooLong;
