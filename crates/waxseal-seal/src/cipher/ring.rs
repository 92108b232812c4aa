//! The cipher with ring, which has ChaCha20-Poly1305 (RFC 8439) but not the variant with 24-byte
//! nonces. So, as section 2.3 of the draft says, HChaCha20 derives a subkey from the first 16 bytes of
//! the nonce, and the last 8 become the nonce for that subkey.

use ::ring::{
    aead::{Aad, CHACHA20_POLY1305, LessSafeKey, Nonce, Tag, UnboundKey},
    error::Unspecified,
};
use chacha20::{R20, hchacha};
use zeroize::Zeroizing;

use super::common::{Forged, KEY, NONCE, TAG, TooLong};

/// A key, wiped from memory when dropped; the subkeys derived from it for each nonce are not.
pub(crate) struct Cipher(Zeroizing<[u8; KEY]>);

impl Cipher {
    pub(crate) fn new(key: &[u8; KEY]) -> Self {
        Self(Zeroizing::new(*key))
    }

    /// Encrypts a text in place and returns its tag.
    pub(crate) fn encrypt(
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

    /// Decrypts a text in place.
    pub(crate) fn decrypt(
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cipher::portable;

    #[test]
    fn it_reads_and_writes_what_the_portable_cipher_does() {
        for length in (0..300).chain([1_000, 4_096]) {
            let (key, nonce): ([u8; KEY], [u8; NONCE]) = (rand::random(), rand::random());
            let (ours, theirs) = (Cipher::new(&key), portable::Cipher::new(&key));
            let text = vec![0x5a; length];
            let (mut one, mut other) = (text.clone(), text.clone());
            let tag = ours.encrypt(&nonce, b"header", &mut one).unwrap();
            assert_eq!(theirs.encrypt(&nonce, b"header", &mut other), Ok(tag));
            assert_eq!(one, other, "{length} bytes");
            assert_eq!(ours.decrypt(&nonce, b"header", &mut other, &tag), Ok(()));
            assert_eq!(theirs.decrypt(&nonce, b"header", &mut one, &tag), Ok(()));
            assert_eq!((&one, &other), (&text, &text));
        }
    }
}
