//! The seal, from outside: what `docs/seal-format.md` says, token by token.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::HashSet;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::Value;
use waxseal_seal::{InvalidToken, Keyring, KeyringError, Secret, SecretError};

const HEADER: usize = 5;
const OVERHEAD: usize = 45;
const PURPOSE: &str = "session:__Host-session";
/// The three lengths modulo 3 end a token in the three ways that base64 has.
const PLAINTEXTS: [&[u8]; 4] = [b"", b"{\"sid\":1}", b"{\"sid\":12}", b"{\"sid\":123}"];

#[test]
fn the_golden_tokens_are_unsealed() {
    for vector in vectors("tokens") {
        let name = text(&vector, "name");
        let keyring = Keyring::new(&secret(text(&vector, "secret")));
        let unsealed = keyring.unseal(text(&vector, "purpose"), text(&vector, "token"));
        let unsealed = unsealed.unwrap_or_else(|error| panic!("{name}: {}", error.reason()));
        assert_eq!(unsealed.plaintext, text(&vector, "plaintext").as_bytes(), "{name}");
        assert_eq!(unsealed.key_id.to_string(), text(&vector, "key_id"), "{name}");
        assert!(!unsealed.by_fallback, "{name}");
    }
}

#[test]
fn the_tokens_to_be_refused_are_refused_for_their_reason() {
    for vector in vectors("refused") {
        let fallbacks = vector.get("fallbacks").map(|list| list.as_array().unwrap().as_slice());
        let fallbacks = fallbacks.unwrap_or_default().iter().map(|s| secret(s.as_str().unwrap()));
        let fallbacks: Vec<Secret> = fallbacks.collect();
        let keyring = Keyring::with_fallbacks(&secret(text(&vector, "secret")), &fallbacks);
        let refused = keyring.unwrap().unseal(text(&vector, "purpose"), text(&vector, "token"));
        let reason = refused.expect_err(text(&vector, "name")).reason().to_string();
        assert_eq!(reason, text(&vector, "reason"), "{}", text(&vector, "name"));
    }
}

#[test]
fn the_worked_example_in_the_documentation_is_the_first_golden_token() {
    let squeeze = |text: &str| text.split_whitespace().collect::<String>();
    let page = squeeze(include_str!("../../../docs/seal-format.md"));
    let example = &vectors("tokens")[0];
    let bytes = decode(text(example, "token"));
    let tag = bytes.len() - 16;
    for field in ["secret", "key_id", "key", "nonce", "purpose", "plaintext", "token"] {
        assert!(page.contains(&squeeze(text(example, field))), "{field}");
    }
    for part in [
        &bytes[..HEADER],
        &[&bytes[..HEADER], text(example, "purpose").as_bytes()].concat(),
        text(example, "secret").as_bytes(),
        text(example, "plaintext").as_bytes(),
        &bytes[29..tag],
        &bytes[tag..],
        &bytes,
    ] {
        let hex: String = part.iter().map(|byte| format!("{byte:02x}")).collect();
        assert!(page.contains(&hex), "{hex}");
    }
}

#[test]
fn a_token_with_any_bit_flipped_is_refused() {
    for (keyring, token) in one_of_each_length() {
        let bytes = decode(&token);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let expected = match bit / 8 {
                0 => InvalidToken::Malformed,
                1..HEADER => InvalidToken::UnknownKey,
                _ => InvalidToken::Forged,
            };
            assert_eq!(refusal(&keyring, PURPOSE, encode(&flipped)), expected, "bit {bit}");
        }
    }
}

#[test]
fn a_token_with_any_character_replaced_by_any_other_byte_is_refused() {
    for (keyring, token) in one_of_each_length() {
        for at in 0..token.len() {
            for byte in (0..=u8::MAX).filter(|byte| *byte != token.as_bytes()[at]) {
                let mut other = token.clone().into_bytes();
                other[at] = byte;
                refusal(&keyring, PURPOSE, other);
            }
        }
    }
}

#[test]
fn a_token_with_anything_put_in_anywhere_is_refused() {
    let additions = (0..=u8::MAX).map(|byte| vec![byte]);
    let additions = additions.chain([b"==".to_vec(), b"\r\n".to_vec(), b"====".to_vec()]);
    let additions: Vec<_> = additions.chain([b"AA".to_vec(), b"AAAA".to_vec()]).collect();
    for (keyring, token) in one_of_each_length() {
        for at in 0..=token.len() {
            for addition in &additions {
                let (front, back) = token.as_bytes().split_at(at);
                refusal(&keyring, PURPOSE, [front, addition, back].concat());
            }
        }
    }
}

#[test]
fn a_token_with_anything_missing_is_refused() {
    for (keyring, token) in one_of_each_length() {
        let bytes = decode(&token);
        for from in 0..token.len() {
            for to in from + 1..=token.len() {
                refusal(&keyring, PURPOSE, [&token[..from], &token[to..]].concat());
            }
        }
        for length in 0..bytes.len() {
            let expected =
                if length < OVERHEAD { InvalidToken::Malformed } else { InvalidToken::Forged };
            assert_eq!(refusal(&keyring, PURPOSE, encode(&bytes[..length])), expected);
        }
    }
}

#[test]
fn other_spellings_of_the_same_bytes_are_malformed() {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    for (keyring, token) in one_of_each_length() {
        let (start, last) = token.split_at(token.len() - 1);
        let last = ALPHABET.iter().position(|c| *c == last.as_bytes()[0]).unwrap();
        let spare_bits = [0, 0, 4, 2][token.len() % 4];
        for spare in 1..1 << spare_bits {
            let other = format!("{start}{}", char::from(ALPHABET[last + spare]));
            assert_eq!(refusal(&keyring, PURPOSE, other), InvalidToken::Malformed);
        }
        for at in 0..=token.len() {
            for addition in ["=", "==", " ", "\t", "\n", "\r\n", "\0", "\u{a0}"] {
                let (front, back) = token.split_at(at);
                let other = [front, addition, back].concat();
                assert_eq!(refusal(&keyring, PURPOSE, other), InvalidToken::Malformed);
            }
        }
    }
}

#[test]
fn the_other_alphabet_is_malformed() {
    let keyring = Keyring::new(&Secret::generate());
    let tokens = std::iter::repeat_with(|| keyring.seal(PURPOSE, b"hello"));
    let token = tokens.take(10_000).find(|token| token.contains('-') && token.contains('_'));
    let token = token.unwrap();
    for other in [token.replace('-', "+"), token.replace('_', "/"), token.replace('-', "%2D")] {
        assert_eq!(refusal(&keyring, PURPOSE, other), InvalidToken::Malformed);
    }
}

#[test]
fn a_token_is_for_its_purpose_only() {
    let keyring = Keyring::new(&Secret::generate());
    let purposes = [
        "",
        " ",
        "\0",
        "a",
        "aa",
        "session",
        "session:",
        "session:a",
        "session:ab",
        "ession:a",
        "Session:a",
        "session:A",
        "session: a",
        "session:a ",
        " session:a",
        "session:a\0",
        "session:__Host-a",
        "session::a",
        "session:a:",
        "session:\u{e4}",
        "session:a\u{308}",
    ];
    for sealed_for in purposes {
        let token = keyring.seal(sealed_for, b"hello");
        assert_eq!(keyring.unseal(sealed_for, &token).unwrap().plaintext, b"hello");
        for other in purposes.into_iter().filter(|other| *other != sealed_for) {
            assert_eq!(refusal(&keyring, other, &token), InvalidToken::Forged, "{other:?}");
        }
    }
}

#[test]
fn every_other_version_is_malformed() {
    let keyring = Keyring::new(&Secret::generate());
    let mut bytes = decode(&keyring.seal(PURPOSE, b"hello"));
    assert_eq!(bytes[0], 1);
    for version in (0..=u8::MAX).filter(|version| *version != 1) {
        bytes[0] = version;
        assert_eq!(
            refusal(&keyring, PURPOSE, encode(&bytes)),
            InvalidToken::Malformed,
            "{version}"
        );
    }
}

#[test]
fn a_token_names_the_key_it_was_sealed_with() {
    let keyring = Keyring::new(&Secret::generate());
    let id: String =
        decode(&keyring.seal("", b""))[1..HEADER].iter().map(|b| format!("{b:02x}")).collect();
    assert_eq!(id, keyring.current_id().to_string());
}

#[test]
fn the_fallbacks_unseal_and_the_current_key_seals() {
    let [current, old, older, gone] = std::array::from_fn(|_| Secret::generate());
    let keyring = Keyring::with_fallbacks(&current, [&old, &older]).unwrap();
    for (secret, by_fallback) in [(&current, false), (&old, true), (&older, true)] {
        let alone = Keyring::new(secret);
        let unsealed = keyring.unseal(PURPOSE, alone.seal(PURPOSE, b"hello")).unwrap();
        assert_eq!(unsealed.plaintext, b"hello");
        assert_eq!(unsealed.key_id, alone.current_id());
        assert_eq!(unsealed.by_fallback, by_fallback);
    }
    assert!(Keyring::new(&current).unseal(PURPOSE, keyring.seal(PURPOSE, b"hello")).is_ok());
    let token = Keyring::new(&gone).seal(PURPOSE, b"hello");
    assert_eq!(refusal(&keyring, PURPOSE, token), InvalidToken::UnknownKey);
}

#[test]
fn a_rotation_step_by_step_loses_no_token() {
    let [old, new] = std::array::from_fn(|_| Secret::generate());
    let steps = [
        Keyring::new(&old),
        Keyring::with_fallbacks(&old, [&new]).unwrap(),
        Keyring::with_fallbacks(&new, [&old]).unwrap(),
        Keyring::new(&new),
    ];
    for neighbours in steps[..3].windows(2) {
        for (seals, unseals) in [(0, 1), (1, 0)] {
            let token = neighbours[seals].seal(PURPOSE, b"hello");
            assert!(neighbours[unseals].unseal(PURPOSE, token).is_ok());
        }
    }
    assert!(steps[3].unseal(PURPOSE, steps[2].seal(PURPOSE, b"hello")).is_ok());
    refusal(&steps[3], PURPOSE, steps[1].seal(PURPOSE, b"hello"));
}

#[test]
fn a_secret_that_is_there_twice_counts_once() {
    let [current, old] = std::array::from_fn(|_| Secret::generate());
    let spaced = secret(&format!("\t{} \n", old.expose()));
    let twice = Keyring::with_fallbacks(&current, [&old, &current, &old, &spaced]).unwrap();
    let once = Keyring::with_fallbacks(&current, [&old]).unwrap();
    assert_eq!(format!("{twice:?}"), format!("{once:?}"));
    let token = twice.seal(PURPOSE, b"hello");
    assert!(!twice.unseal(PURPOSE, token).unwrap().by_fallback);
}

#[test]
fn two_secrets_with_one_key_id_are_not_put_on_one_keyring() {
    let [one, two] =
        ["021373", "120875"].map(|n| secret(&format!("two secrets with one key id: {n}")));
    let id = Keyring::new(&one).current_id();
    assert_eq!(id, Keyring::new(&two).current_id());
    let error = KeyringError::SameId(id);
    assert_eq!(Keyring::with_fallbacks(&one, [&two]).unwrap_err(), error);
    assert_eq!(Keyring::with_fallbacks(&Secret::generate(), [&one, &two]).unwrap_err(), error);
    assert!(error.to_string().contains("622e512d"));
    // The key id alone opens nothing.
    let token = Keyring::new(&one).seal(PURPOSE, b"hello");
    assert_eq!(refusal(&Keyring::new(&two), PURPOSE, token), InvalidToken::Forged);
}

#[test]
fn a_secret_is_counted_in_bytes_without_the_white_space_round_it() {
    let too_short = |text: &str| Secret::new(text).unwrap_err();
    assert_eq!(too_short(""), SecretError::TooShort { bytes: 0 });
    assert_eq!(too_short(&" ".repeat(64)), SecretError::TooShort { bytes: 0 });
    let short = format!(" \t{}\r\n", "x".repeat(31));
    assert_eq!(too_short(&short), SecretError::TooShort { bytes: 31 });
    assert_eq!(secret(&format!("\x0c{}\n", "x".repeat(32))).expose(), "x".repeat(32));
    assert_eq!(secret(&"ä".repeat(16)).expose().len(), 32);
}

#[test]
fn neither_debug_nor_an_error_shows_a_secret() {
    let [current, old] = std::array::from_fn(|_| Secret::generate());
    assert_eq!(format!("{current:?}"), "Secret(…)");
    assert_eq!(format!("{current:#?}"), "Secret(…)");
    let keyring = Keyring::with_fallbacks(&current, [&old]).unwrap();
    let (id, old_id) = (keyring.current_id(), Keyring::new(&old).current_id());
    assert_eq!(
        format!("{keyring:?}"),
        format!("Keyring {{ current: KeyId({id}), fallbacks: [KeyId({old_id})] }}")
    );
    let error = Secret::new("hunter2").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("hunter2"));
}

#[test]
fn an_error_reads_the_same_whatever_the_reason() {
    let [keyring, other] = std::array::from_fn(|_| Keyring::new(&Secret::generate()));
    let token = keyring.seal(PURPOSE, b"hello");
    let errors = [
        keyring.unseal(PURPOSE, "").unwrap_err(),
        other.unseal(PURPOSE, &token).unwrap_err(),
        keyring.unseal("another", &token).unwrap_err(),
    ];
    let reasons = errors.map(|error| error.reason());
    assert_eq!(reasons, [InvalidToken::Malformed, InvalidToken::UnknownKey, InvalidToken::Forged]);
    for error in errors {
        assert_eq!(error.to_string(), "the token is not valid");
    }
}

#[test]
fn the_same_sealed_again_is_another_token_with_another_nonce() {
    let keyring = Keyring::new(&Secret::generate());
    let nonces: HashSet<Vec<u8>> =
        (0..1000).map(|_| decode(&keyring.seal(PURPOSE, b"hello"))[HEADER..29].to_vec()).collect();
    assert_eq!(nonces.len(), 1000);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_bytes_for_any_purpose_come_back(purpose: String, plaintext: Vec<u8>) {
        let keyring = Keyring::new(&Secret::generate());
        let token = keyring.seal(&purpose, &plaintext);
        prop_assert_eq!(token.len(), (4 * (plaintext.len() + OVERHEAD)).div_ceil(3));
        prop_assert!(token.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b)));
        prop_assert_eq!(keyring.unseal(&purpose, &token).unwrap().plaintext, plaintext);
    }

    #[test]
    fn any_secret_long_enough_seals(text in "\\PC{32,64}", plaintext: Vec<u8>) {
        let padded = format!("x{text}x");
        let token = Keyring::new(&secret(&padded)).seal(PURPOSE, &plaintext);
        let again = Keyring::new(&secret(&format!(" {padded}\r\n")));
        prop_assert_eq!(again.unseal(PURPOSE, token).unwrap().plaintext, plaintext);
    }

    #[test]
    fn random_bytes_are_no_token(purpose: String, token: Vec<u8>) {
        prop_assert!(keyring().unseal(&purpose, token).is_err());
    }

    #[test]
    fn random_text_is_no_token(purpose: String, token: String) {
        prop_assert!(keyring().unseal(&purpose, token).is_err());
    }

    #[test]
    fn random_base64url_is_no_token(token in "[A-Za-z0-9_-]{0,400}") {
        prop_assert!(keyring().unseal(PURPOSE, token).is_err());
    }

    #[test]
    fn random_bytes_behind_a_right_header_are_no_token(rest: Vec<u8>) {
        let header = decode(&keyring().seal(PURPOSE, b""))[..HEADER].to_vec();
        let expected =
            if rest.len() < OVERHEAD - HEADER { InvalidToken::Malformed } else { InvalidToken::Forged };
        let token = encode(&[header, rest].concat());
        prop_assert_eq!(refusal(&keyring(), PURPOSE, token), expected);
    }
}

fn vectors(list: &str) -> Vec<Value> {
    let vectors: Value = serde_json::from_str(include_str!("vectors/seal-v1.json")).unwrap();
    let vectors = vectors[list].as_array().unwrap();
    assert!(!vectors.is_empty());
    vectors.clone()
}

fn text<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_else(|| panic!("{field} in {vector}"))
}

fn secret(text: &str) -> Secret {
    Secret::new(text).unwrap()
}

fn keyring() -> Keyring {
    Keyring::new(&secret("a secret that the tests agreed on"))
}

/// Tokens that end in each of the ways that base64 has, with the keyring they are unsealed by.
fn one_of_each_length() -> [(Keyring, String); 4] {
    PLAINTEXTS.map(|plaintext| {
        let keyring = keyring();
        let token = keyring.seal(PURPOSE, plaintext);
        assert!(keyring.unseal(PURPOSE, &token).is_ok());
        (keyring, token)
    })
}

fn refusal(keyring: &Keyring, purpose: &str, token: impl AsRef<[u8]>) -> InvalidToken {
    match keyring.unseal(purpose, &token) {
        Ok(_) => panic!("{:?} was unsealed", String::from_utf8_lossy(token.as_ref())),
        Err(error) => error.reason(),
    }
}

fn decode(token: &str) -> Vec<u8> {
    BASE64_URL_SAFE_NO_PAD.decode(token).unwrap()
}

fn encode(bytes: &[u8]) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(bytes)
}
