//! The cipher under the seal: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
//!
//! In Rust, or, with the feature `ring`, in ring's assembly: the same cipher, so tokens of the one are
//! tokens of the other. ring's is the faster one (see `docs/benchmarks.md`), and takes a C compiler to
//! build.

mod parts;
#[cfg(not(feature = "ring"))]
mod portable;
#[cfg(feature = "ring")]
mod with_ring;
#[cfg(test)]
mod wycheproof;

pub(super) use parts::{Forged, KEY, NONCE, TAG, TooLong};
#[cfg(not(feature = "ring"))]
pub(super) use portable::Cipher;
#[cfg(feature = "ring")]
pub(super) use with_ring::Cipher;
