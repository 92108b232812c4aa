//! Tests the cipher against Project Wycheproof's XChaCha20-Poly1305 vectors: arithmetic edge cases, and
//! forgeries that implementations have accepted.
//!
//! They test the cipher itself because the seal derives its own key and draws its own nonce.

use ::wycheproof::{
    TestResult,
    aead::{Test, TestName, TestSet},
};

use super::{Cipher, Forged, NONCE};

#[test]
fn every_vector_is_sealed_and_opened_as_it_says() {
    let (mut opened, mut refused) = (0, 0);
    // The cipher takes arrays of 24 bytes, so vectors with other nonce lengths do not apply.
    for vector in vectors().iter().filter(|vector| vector.nonce.len() == NONCE) {
        if vector.result == TestResult::Valid {
            let expected = (vector.ct.to_vec(), vector.tag.to_vec());
            assert_eq!(sealed(vector), expected, "{}", name(vector));
            assert_eq!(unsealed(vector), Ok(vector.pt.to_vec()), "{}", name(vector));
            opened += 1;
        } else {
            assert_eq!(unsealed(vector), Err(Forged), "{}", name(vector));
            refused += 1;
        }
    }
    // The counts in release 0.7 of the vectors: none is skipped.
    assert!(opened >= 246 && refused >= 60, "{opened} opened, {refused} refused");
}

fn vectors() -> Vec<Test> {
    let set = TestSet::load(TestName::XChaCha20Poly1305).unwrap();
    set.test_groups.into_iter().flat_map(|group| group.tests).collect()
}

fn cipher(vector: &Test) -> (Cipher, [u8; NONCE]) {
    let key = vector.key.as_slice().try_into().unwrap();
    (Cipher::new(key), vector.nonce.as_slice().try_into().unwrap())
}

/// The ciphertext and the tag.
fn sealed(vector: &Test) -> (Vec<u8>, Vec<u8>) {
    let (mut bytes, (cipher, nonce)) = (vector.pt.to_vec(), cipher(vector));
    let tag = cipher.encrypt(&nonce, &vector.aad, &mut bytes).unwrap();
    (bytes, tag.to_vec())
}

fn unsealed(vector: &Test) -> Result<Vec<u8>, Forged> {
    let (mut bytes, (cipher, nonce)) = (vector.ct.to_vec(), cipher(vector));
    let tag = vector.tag.as_slice().try_into().unwrap();
    cipher.decrypt(&nonce, &vector.aad, &mut bytes, tag).map(|()| bytes)
}

fn name(vector: &Test) -> String {
    format!("vector {}: {}", vector.tc_id, vector.comment)
}
