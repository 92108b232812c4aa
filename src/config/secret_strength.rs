//! Whether a secret is one that somebody made up rather than a random one.
//!
//! A secret has to withstand guessing without any limit: an attacker who has one cookie can try
//! secrets on a machine of their own. No estimate can prove that a string is random. This one finds
//! what people put into a setting to get started: repetitions, sequences, rows of keys, common words.

use std::{collections::HashSet, fmt};

use zeroize::Zeroizing;
use zxcvbn::zxcvbn;

/// How many different characters a secret has at least. Even 32 random digits have fewer only once in
/// many millions.
const MIN_DISTINCT: usize = 6;

/// Half of the characters, of at most so many, must not follow from those before them. Of three million random
/// strings of 32 hexadecimal digits none had fewer than 20 such characters, and of 40 decimal digits 17 had.
const COUNTED: usize = 44;

/// How many guesses zxcvbn's words and patterns must withstand. Five words reach it, four do not; a
/// random secret of the minimum length is at the end of its scale, 1.8 × 10^19.
const MIN_GUESSES: u64 = 10_000_000_000_000_000;

/// How many characters are looked at. The whole is at least as strong as its start.
const LOOKED_AT: usize = 1_024;

/// How many of them zxcvbn estimates: its time grows steeply with the length.
const ESTIMATED: usize = 48;

/// The rows of a keyboard, which people run along.
const ROWS: [&str; 4] = ["qwertyuiop", "qwertzuiop", "asdfghjkl", "zxcvbnm"];

/// Why a secret is easy to guess. The text follows the setting's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Weakness {
    Repetition,
    Sequence,
    Words,
}

impl fmt::Display for Weakness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self {
            Self::Repetition => "repeats itself",
            Self::Sequence => "follows a sequence",
            Self::Words => "is made of common words",
        };
        write!(
            f,
            "{what}: anyone who guesses it can log in as any user (waxseal secret prints a random one)"
        )
    }
}

/// Why a secret is easy to guess; `None` if nothing was found.
pub(super) fn weakness(secret: &str) -> Option<Weakness> {
    let text = secret.trim().chars().take(LOOKED_AT);
    let mut characters = Zeroizing::new(Vec::with_capacity(LOOKED_AT));
    characters.extend(text.map(|character| character.to_ascii_lowercase()));
    let distinct = secret.trim().chars().collect::<HashSet<_>>().len();
    let unpredictable =
        (0..characters.len()).filter(|&at| !is_predictable(&characters, at)).count();
    if distinct < MIN_DISTINCT || is_repetition(&characters) {
        Some(Weakness::Repetition)
    } else if unpredictable < characters.len().min(COUNTED) / 2 {
        Some(Weakness::Sequence)
    } else {
        let mut start = Zeroizing::new(String::with_capacity(ESTIMATED * char::MAX_LEN_UTF8));
        start.extend(secret.trim().chars().take(ESTIMATED));
        (zxcvbn(&start, &[]).guesses() < MIN_GUESSES).then_some(Weakness::Words)
    }
}

/// Whether the text is a shorter one, repeated: `change-me` four times, also without the last letters.
fn is_repetition(text: &[char]) -> bool {
    (1..=text.len() / 2).any(|period| text.iter().zip(&text[period..]).all(|(a, b)| a == b))
}

/// Whether a character follows from those before it.
fn is_predictable(text: &[char], at: usize) -> bool {
    continues_sequence(text, at) || continues_row(text, at) || repeats(text, at)
}

/// Whether a sequence goes on: `abc`, `321`, and with others between its characters, as in `0011223344`
/// or `a1b2c3`.
fn continues_sequence(text: &[char], at: usize) -> bool {
    let step = |to: usize, stride: usize| {
        let step = u32::from(text[to]).abs_diff(u32::from(text[to - stride]));
        (step <= 1).then_some(text[to] > text[to - stride])
    };
    (1..=4).filter(|stride| at >= 2 * stride).any(|stride| {
        let step_here = step(at, stride);
        step_here.is_some() && step_here == step(at - stride, stride)
    })
}

/// Whether it goes on along a row of keys, in either direction.
fn continues_row(text: &[char], at: usize) -> bool {
    let Some(run) = at.checked_sub(2).map(|start| &text[start..=at]) else { return false };
    ROWS.iter().any(|row| {
        let row: Vec<char> = row.chars().collect();
        row.windows(run.len()).any(|keys| keys == run || keys.iter().rev().eq(run))
    })
}

/// Whether the last three characters stand somewhere before.
fn repeats(text: &[char], at: usize) -> bool {
    let Some(start) = at.checked_sub(2) else { return false };
    text[..at].windows(3).any(|window| *window == text[start..=at])
}

#[cfg(test)]
mod tests {
    use base64::{
        Engine,
        prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD},
    };
    use rand::{Rng, RngExt, seq::IndexedRandom};
    use uuid::Uuid;
    use waxseal_session::Secret;

    use super::*;

    #[test]
    fn what_people_type_to_get_started_is_weak() {
        for secret in [
            "change-mechange-mechange-mechange-me",
            "change-me change-me change-me change-me",
            "Change-me-1change-me-2change-me-3change-me-4",
            "change-mechange-mechange-mechang",
            "01234567890123456789012345678901",
            "0123456789abcdef0123456789abcdef",
            "0123456789abcdefghijklmnopqrstuvwxyz",
            "abcdefghijklmnopqrstuvwxyz012345",
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
            "zyxwvutsrqponmlkjihgfedcba9876543210",
            "00112233445566778899aabbccddeeff",
            "ffeeddccbbaa99887766554433221100",
            "a1b2c3d4e5f6g7h8i9j0k1l2m3n4o5p6",
            "qwertyuiopasdfghjklzxcvbnm123456",
            "qwertyuiopasdfghjklzxcvbnmqwertyuiop",
            "1234567890qwertyuiopasdfghjklzxcvbnm",
            "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
            "abababababababababababababababababab",
            "deadbeefdeadbeefdeadbeefdeadbeef",
            "secretsecretsecretsecretsecretsecret",
            "supersecretkeysupersecretkeysuper",
            "my-super-secret-phrase-my-super-secret-phrase-",
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "administrator-administration-2026",
            "                                                    password",
        ] {
            assert!(weakness(secret).is_some(), "{secret}");
        }
    }

    #[test]
    fn what_is_random_is_not_weak() {
        const WORDS: &str = "violet anvil forty marmots orange ladder seventy geese copper walnut \
            breeze harbor lantern pickle thunder velvet cactus dolphin emerald feather glacier hammock \
            igloo jungle kettle lemon magnet nectar oyster pepper quartz rocket saddle timber umbrella";
        let words: Vec<&str> = WORDS.split_whitespace().collect();
        let mut random = rand::rng();
        for _ in 0..250 {
            let bytes: [u8; 32] = random.random();
            let phrase: Vec<&str> = words.sample(&mut random, 6).copied().collect();
            let digits: String = (0..40).map(|_| random.random_range('0'..='9')).collect();
            for secret in [
                hex(&bytes[..16]),
                hex(&bytes),
                hex(&bytes).to_uppercase(),
                BASE64_STANDARD.encode(bytes),
                BASE64_STANDARD.encode(&bytes[..24]),
                BASE64_URL_SAFE_NO_PAD.encode(bytes),
                Secret::generate().expose().to_owned(),
                format!("{}{}", Uuid::new_v4(), Uuid::new_v4()),
                Uuid::new_v4().to_string(),
                digits,
                phrase.join(" "),
                phrase.join("-"),
            ] {
                assert_eq!(weakness(&secret), None, "{secret}");
            }
        }
    }

    #[test]
    fn a_long_secret_is_judged_in_no_time() {
        let mut bytes = vec![0; 48 * 1024];
        rand::rng().fill_bytes(&mut bytes[..1024]);
        let leet = "4@8({[<3691".repeat(40);
        for secret in [BASE64_STANDARD.encode(&bytes[..1024]), leet] {
            weakness(&secret);
        }
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}
