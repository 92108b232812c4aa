//! The cipher with ring, which has ChaCha20-Poly1305 (RFC 8439) and not the one with the longer nonce:
//! as section 2.3 of the draft says, the first 16 bytes of the nonce make a key of their own with
//! HChaCha20, and the last 8 are the nonce that this is used with.

use chacha20::{R20, hchacha};
use ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey},
    error::Unspecified,
};
use zeroize::Zeroizing;

use super::parts::{Forged, KEY, NONCE, TAG, TooLong};

/// A key, ready for use. It is wiped from memory when dropped; those made of it for a nonce are not.
pub(in crate::seal) struct Cipher(Zeroizing<[u8; KEY]>);

impl Cipher {
    pub(in crate::seal) fn new(key: &[u8; KEY]) -> Self {
        Self(Zeroizing::new(*key))
    }

    /// Encrypts a text where it stands, and returns its tag.
    pub(in crate::seal) fn encrypt(
        &self,
        nonce: &[u8; NONCE],
        associated_data: &[u8],
        text: &mut [u8],
    ) -> Result<[u8; TAG], TooLong> {
        let seal = |(key, nonce): (LessSafeKey, Nonce)| {
            key.seal_in_place_separate_tag(nonce, Aad::from(associated_data), text)
        };
        let tag = self.for_nonce(nonce).and_then(seal).map_err(|Unspecified| TooLong)?;
        tag.as_ref().try_into().map_err(|_| TooLong)
    }

    /// Decrypts a text where it stands.
    pub(in crate::seal) fn decrypt(
        &self,
        nonce: &[u8; NONCE],
        associated_data: &[u8],
        text: &mut [u8],
        tag: &[u8; TAG],
    ) -> Result<(), Forged> {
        let (key, nonce) = self.for_nonce(nonce).map_err(|Unspecified| Forged)?;
        let (aad, tag) = (Aad::from(associated_data), Tag::from(*tag));
        key.open_in_place_separate_tag(nonce, aad, tag, text, 0..)
            .map(|_text| ())
            .map_err(|Unspecified| Forged)
    }

    fn for_nonce(&self, nonce: &[u8; NONCE]) -> Result<(LessSafeKey, Nonce), Unspecified> {
        let (first, last) = nonce.split_first_chunk::<16>().ok_or(Unspecified)?;
        let key: [u8; KEY] = hchacha::<R20>((&*self.0).into(), first.into()).into();
        let key = UnboundKey::new(&CHACHA20_POLY1305, &key)?;
        let mut nonce = [0; 12];
        nonce[4..].copy_from_slice(last);
        Ok((LessSafeKey::new(key), Nonce::assume_unique_for_key(nonce)))
    }
}
