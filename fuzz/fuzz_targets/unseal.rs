//! Unseals any bytes, and modified golden tokens. Only the golden tokens themselves may be unsealed, each
//! for its own purpose, and everything else must be rejected for the right reason.

#![no_main]

use std::{collections::BTreeSet, sync::LazyLock};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use waxseal_seal::{InvalidToken, KeyId};
use waxseal_session::{Keyring, Secret};

/// The length of a token's header, nonce and tag.
const OVERHEAD: usize = 5 + 24 + 16;

static GOLDEN: LazyLock<Golden> = LazyLock::new(Golden::read);

fuzz_target!(|data: &[u8]| {
    GOLDEN.check(data);
    if let [which, layer, edits @ ..] = data {
        let token = &GOLDEN.tokens[usize::from(*which) % GOLDEN.tokens.len()].token;
        if layer % 2 == 0 {
            GOLDEN.check(&edited(token.as_bytes(), edits));
        } else {
            // The decoded bytes, so that the cipher is reached.
            let bytes = BASE64_URL_SAFE_NO_PAD.decode(token).unwrap();
            GOLDEN.check(BASE64_URL_SAFE_NO_PAD.encode(edited(&bytes, edits)).as_bytes());
        }
    }
});

/// The golden tokens, and a keyring with all of their keys.
struct Golden {
    keyring: Keyring,
    key_ids: BTreeSet<String>,
    purposes: BTreeSet<String>,
    tokens: Vec<Token>,
}

struct Token {
    purpose: String,
    plaintext: String,
    token: String,
}

impl Golden {
    fn read() -> Self {
        let vectors = include_str!("../../crates/waxseal-seal/tests/vectors/seal-v1.json");
        let vectors: Value = serde_json::from_str(vectors).unwrap();
        let vectors = vectors["tokens"].as_array().unwrap();
        let texts = |field: &str| -> Vec<String> {
            vectors.iter().map(|vector| vector[field].as_str().unwrap().to_owned()).collect()
        };
        let secrets: Vec<Secret> =
            texts("secret").iter().map(|secret| Secret::new(secret).unwrap()).collect();
        let tokens = texts("purpose").into_iter().zip(texts("plaintext")).zip(texts("token"));
        Self {
            keyring: Keyring::with_fallbacks(&secrets[0], &secrets[1..]).unwrap(),
            key_ids: texts("key_id").into_iter().collect(),
            purposes: texts("purpose").into_iter().collect(),
            tokens: tokens
                .map(|((purpose, plaintext), token)| Token { purpose, plaintext, token })
                .collect(),
        }
    }

    fn check(&self, token: &[u8]) {
        for purpose in &self.purposes {
            let golden = self
                .tokens
                .iter()
                .find(|golden| golden.token.as_bytes() == token && golden.purpose == *purpose);
            match (self.keyring.unseal(purpose, token), golden) {
                (Ok(unsealed), Some(golden)) => {
                    assert_eq!(unsealed.plaintext, golden.plaintext.as_bytes());
                    assert_eq!(KeyId::peek(token), Some(unsealed.key_id));
                    self.check_sealed_again(purpose, &unsealed.plaintext);
                }
                (Err(error), None) => assert_eq!(error.reason(), self.reason(token)),
                (outcome, _) => panic!("for {purpose:?}: {outcome:?}"),
            }
        }
    }

    fn check_sealed_again(&self, purpose: &str, plaintext: &[u8]) {
        let again = self.keyring.unseal(purpose, self.keyring.seal(purpose, plaintext)).unwrap();
        assert_eq!(again.plaintext, plaintext);
        assert_eq!(again.key_id, self.keyring.current_id());
        assert!(!again.by_fallback);
    }

    /// Why anything but a golden token is rejected, by the steps in docs/seal-format.md.
    fn reason(&self, token: &[u8]) -> InvalidToken {
        match BASE64_URL_SAFE_NO_PAD.decode(token) {
            Ok(bytes) if bytes.len() >= OVERHEAD && bytes[0] == 1 => {
                let id: String = bytes[1..5].iter().map(|byte| format!("{byte:02x}")).collect();
                assert_eq!(KeyId::peek(token).unwrap().to_string(), id);
                if self.key_ids.contains(&id) {
                    InvalidToken::Forged
                } else {
                    InvalidToken::UnknownKey
                }
            }
            _ => {
                assert_eq!(KeyId::peek(token), None);
                InvalidToken::Malformed
            }
        }
    }
}

/// Edits the bytes as the input says. Each edit takes four bytes of it: what, where (two bytes), and the
/// new byte.
fn edited(original: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut bytes = original.to_vec();
    for edit in edits.as_chunks::<4>().0 {
        let [what, high, low, byte] = *edit;
        let at = usize::from(u16::from_be_bytes([high, low])) % (bytes.len() + 1);
        match what % 4 {
            0 => bytes.insert(at, byte),
            1 if at < bytes.len() => bytes[at] = byte,
            2 if at < bytes.len() => drop(bytes.remove(at)),
            3 => bytes.truncate(at),
            _ => {}
        }
    }
    bytes
}
