//! The cipher in Rust.

use chacha20poly1305::{
    AeadInOut, KeyInit, Tag, XChaCha20Poly1305, XNonce,
    aead::{self, inout::InOutBuf},
};

use super::common::{Forged, KEY, NONCE, TAG, TooLong};

/// A key, wiped from memory when dropped; the subkeys derived from it for each nonce are not.
pub(crate) struct Cipher(XChaCha20Poly1305);

impl Cipher {
    pub(crate) fn new(key: &[u8; KEY]) -> Self {
        Self(XChaCha20Poly1305::new(key.into()))
    }

    /// Encrypts a text in place and returns its tag.
    pub(crate) fn encrypt(
        &self,
        nonce: &[u8; NONCE],
        associated_data: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; TAG], TooLong> {
        let nonce = XNonce::from(*nonce);
        let tag = self.0.encrypt_inout_detached(&nonce, associated_data, InOutBuf::from(text));
        tag.map(Into::into).map_err(|aead::Error| TooLong)
    }

    /// Decrypts a text in place.
    pub(crate) fn decrypt(
        &self,
        nonce: &[u8; NONCE],
        associated_data: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), Forged> {
        let (nonce, tag, text) = (XNonce::from(*nonce), Tag::from(*tag), InOutBuf::from(text));
        let opened = self.0.decrypt_inout_detached(&nonce, associated_data, text, &tag);
        opened.map_err(|aead::Error| Forged)
    }
}
