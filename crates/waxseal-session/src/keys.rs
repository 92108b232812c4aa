//! What the middleware takes as its keys.

use actix_web::cookie::Key;
use waxseal_seal::{Keyring, Secret};
use zeroize::Zeroizing;

/// The length of every [`Key`]: 32 bytes to sign, 32 to encrypt.
const KEY_BYTES: usize = 64;

/// What a [`SessionMiddleware`](crate::SessionMiddleware) derives its keys from: a [`Keyring`], a
/// [`Secret`], or the [`Key`] that an app gave to `actix_session::SessionMiddleware`.
pub trait IntoKeyring {
    /// The keyring.
    fn into_keyring(self) -> Keyring;
}

impl IntoKeyring for Keyring {
    fn into_keyring(self) -> Keyring {
        self
    }
}

impl IntoKeyring for Secret {
    fn into_keyring(self) -> Keyring {
        Keyring::new(&self)
    }
}

impl IntoKeyring for &Secret {
    fn into_keyring(self) -> Keyring {
        Keyring::new(self)
    }
}

/// The key's 64 bytes are the secret: [`Secret::from_bytes`] of [`Key::master`].
impl IntoKeyring for Key {
    fn into_keyring(self) -> Keyring {
        (&self).into_keyring()
    }
}

impl IntoKeyring for &Key {
    fn into_keyring(self) -> Keyring {
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        bytes.copy_from_slice(self.master());
        Keyring::new(&Secret::from_array(&bytes))
    }
}
