//! Seals bytes into a token, and unseals it again: XChaCha20-Poly1305 under a key that HKDF-SHA256
//! derives from a [`Secret`].
//!
//! ```
//! use waxseal_seal::{Keyring, Secret};
//!
//! let keyring = Keyring::new(&Secret::generate());
//!
//! let token = keyring.seal("invitation", b"ann@example.com");
//! assert_eq!(keyring.unseal("invitation", &token)?.plaintext, b"ann@example.com");
//!
//! // A token sealed for one purpose can't be unsealed for another.
//! assert!(keyring.unseal("password reset", &token).is_err());
//! # Ok::<(), waxseal_seal::UnsealError>(())
//! ```
//!
//! - A token is base64url: it fits into a cookie, a URL or a header.
//! - Secrets rotate: a [`Keyring`] seals with its current key and unseals with its fallbacks too.
//! - The format is version 1 of waxseal's seal, documented byte by byte with test vectors, so that
//!   other languages can read it.
//!
//! The crate knows nothing of the web, of sessions or of time: an expiry belongs in the plaintext.

mod cipher;
mod encoding;
mod keyring;
mod secret;
mod token;

pub use keyring::{KeyId, Keyring, KeyringError};
pub use secret::{Secret, SecretError};
pub use token::{InvalidToken, UnsealError, Unsealed, token_len};
