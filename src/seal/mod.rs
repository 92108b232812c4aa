//! The seal: encrypts and authenticates bytes into a token, and opens it again.
//!
//! It knows nothing of the web, sessions or JSON: any bytes, any purpose. The format is version 1
//! of the one written down in `docs/seal-format.md`, byte by byte, so that other languages can
//! read it: XChaCha20-Poly1305 under a key that HKDF-SHA256 derives from a [`Secret`].
//!
//! ```
//! use waxseal::seal::{Keyring, Secret};
//!
//! let keyring = Keyring::new(&Secret::generate());
//!
//! let token = keyring.seal("invitation", b"ann@example.com");
//! assert_eq!(keyring.unseal("invitation", &token)?.plaintext, b"ann@example.com");
//!
//! // A token sealed for one purpose is worth nothing for another.
//! assert!(keyring.unseal("password reset", &token).is_err());
//! # Ok::<(), waxseal::seal::UnsealError>(())
//! ```

mod alphabet;
mod cipher;
mod keyring;
mod secret;
mod token;

pub use keyring::{KeyId, Keyring, KeyringError};
pub use secret::{Secret, SecretError};
pub use token::{Rejection, UnsealError, Unsealed};
