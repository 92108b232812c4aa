//! The cipher: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
//!
//! `portable` is pure Rust; the feature `ring` uses ring's assembly, which is faster and needs a C
//! compiler to build. Both read each other's tokens.

mod common;
#[cfg(not(feature = "ring"))]
mod portable;
#[cfg(feature = "ring")]
mod ring;
#[cfg(test)]
mod wycheproof;

#[cfg(feature = "ring")]
pub(super) use self::ring::Cipher;
pub(super) use common::{Forged, KEY, NONCE, TAG, TooLong};
#[cfg(not(feature = "ring"))]
pub(super) use portable::Cipher;
