//! The AEAD under the seal, against the XChaCha20-Poly1305 vectors of Project Wycheproof: edge
//! cases of the arithmetic, and forgeries that implementations have let through.
//!
//! They can't go through [`waxseal::seal`]: it derives its key from a secret and draws its nonce.
//! So they go through the cipher that it uses, with the type and the two calls that it makes. What
//! it builds on them is held by `tests/seal.rs`.

#![allow(clippy::unwrap_used)]

use chacha20poly1305::{
    AeadInOut, Key, KeyInit, Tag, XChaCha20Poly1305, XNonce,
    aead::{self, inout::InOutBuf},
};
use wycheproof::{
    TestResult,
    aead::{Test, TestName, TestSet},
};

#[test]
fn every_vector_is_sealed_and_opened_as_it_says() {
    let (mut opened, mut refused) = (0, 0);
    for vector in vectors().iter().filter(|vector| has_our_nonce(vector)) {
        if vector.result == TestResult::Valid {
            let expected = (vector.ct.to_vec(), vector.tag.to_vec());
            assert_eq!(sealed(vector), expected, "{}", name(vector));
            assert_eq!(unsealed(vector), Ok(vector.pt.to_vec()), "{}", name(vector));
            opened += 1;
        } else {
            assert_eq!(unsealed(vector), Err(aead::Error), "{}", name(vector));
            refused += 1;
        }
    }
    // As many as there were when this was written: none is passed over.
    assert!(opened >= 246 && refused >= 60, "{opened} opened, {refused} refused");
}

/// The seal takes its nonce out of a token as an array of 24 bytes; the vectors with another length
/// are those of an API that takes any, and have no way into this one.
#[test]
fn a_nonce_of_another_length_cannot_be_made() {
    let vectors = vectors();
    let others: Vec<_> = vectors.iter().filter(|vector| !has_our_nonce(vector)).collect();
    assert!(!others.is_empty());
    for vector in others {
        assert_eq!(vector.result, TestResult::Invalid, "{}", name(vector));
        assert!(XNonce::try_from(vector.nonce.as_slice()).is_err(), "{}", name(vector));
    }
}

fn vectors() -> Vec<Test> {
    let set = TestSet::load(TestName::XChaCha20Poly1305).unwrap();
    set.test_groups.into_iter().flat_map(|group| group.tests).collect()
}

fn has_our_nonce(vector: &Test) -> bool {
    vector.nonce.len() == size_of::<XNonce>()
}

fn cipher(vector: &Test) -> XChaCha20Poly1305 {
    XChaCha20Poly1305::new(&Key::try_from(vector.key.as_slice()).unwrap())
}

fn nonce(vector: &Test) -> XNonce {
    XNonce::try_from(vector.nonce.as_slice()).unwrap()
}

/// The ciphertext and the tag.
fn sealed(vector: &Test) -> (Vec<u8>, Vec<u8>) {
    let mut bytes = vector.pt.to_vec();
    let buffer = InOutBuf::from(bytes.as_mut_slice());
    let tag = cipher(vector).encrypt_inout_detached(&nonce(vector), &vector.aad, buffer).unwrap();
    (bytes, tag.to_vec())
}

fn unsealed(vector: &Test) -> aead::Result<Vec<u8>> {
    let mut bytes = vector.ct.to_vec();
    let tag = Tag::try_from(vector.tag.as_slice()).unwrap();
    let buffer = InOutBuf::from(bytes.as_mut_slice());
    cipher(vector).decrypt_inout_detached(&nonce(vector), &vector.aad, buffer, &tag)?;
    Ok(bytes)
}

fn name(vector: &Test) -> String {
    format!("vector {}: {}", vector.tc_id, vector.comment)
}
