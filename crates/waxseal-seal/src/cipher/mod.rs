//! The cipher: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
//!
//! `ring` uses ring's assembly and is the default; `portable` is pure Rust, for targets without a C
//! compiler. Both read each other's tokens: the tests check one against the other.

mod common;
#[cfg(any(test, not(feature = "ring")))]
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
