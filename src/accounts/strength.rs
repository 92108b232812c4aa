//! Password strength, as zxcvbn estimates it.

use zeroize::Zeroizing;
use zxcvbn::zxcvbn;

/// How many guesses a new password must withstand, as a power of ten: zxcvbn's best score, "very
/// unguessable". (Its second best, 10^8, would accept `ILoveYou2026!`.) A password of fewer than ten
/// characters must withstand ten guesses per character, as random ones do.
const MIN_GUESSES_LOG10: usize = 10;

/// How many characters zxcvbn estimates at a time, and how many times at most. Its time grows steeply
/// with characters that may stand for letters: 40 of `4@8({[<3691` take 92 ms, but 3 × 16 take 14 ms,
/// less than a hash.
const WINDOW: usize = 16;
const WINDOWS: usize = 3;

/// How many characters in a row count as a repetition.
const REPETITION: usize = 3;

/// Why a password is easy to guess for an attacker who knows these words; `None` if it is not.
///
/// It estimates parts, without what they repeat: the whole is at least as strong as its strongest part.
pub(super) fn weakness(password: &str, words: &[&str]) -> Option<String> {
    // zxcvbn does not detect repeated newlines.
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    // Buffers that never grow: growing would leave an unwiped copy of part of the password in memory.
    let mut characters = Zeroizing::new(Vec::with_capacity(password.len()));
    characters.extend(password.chars().map(visible));
    let power = MIN_GUESSES_LOG10.min(characters.len());
    let min_guesses = (0..power).fold(1_u64, |guesses, _| 10 * guesses);
    let mut reason = None;
    for window in without_repetitions(&characters).chunks(WINDOW) {
        let mut text = Zeroizing::new(String::with_capacity(WINDOW * char::MAX_LEN_UTF8));
        text.extend(window);
        let estimate = zxcvbn(&text, words);
        if estimate.guesses() >= min_guesses {
            return None;
        }
        reason = reason.or_else(|| estimate.feedback().map(ToString::to_string));
    }
    let reason = reason.filter(|reason| !reason.is_empty());
    Some(reason.unwrap_or_else(|| "Add another word or two.".to_owned()))
}

/// The beginning of a password, without characters that repeat what stands before: `abc123` is as easy to
/// guess six times over, but cut into windows it looks random.
fn without_repetitions(characters: &[char]) -> Zeroizing<Vec<char>> {
    let most = WINDOW * WINDOWS;
    let mut new = Zeroizing::new(Vec::with_capacity(most));
    let mut at = 0;
    while at < characters.len() && new.len() < most {
        let repeated = (0..at).map(|start| common(&characters[start..], &characters[at..])).max();
        match repeated {
            Some(length) if length >= REPETITION => at += length,
            _ => {
                new.push(characters[at]);
                at += 1;
            }
        }
    }
    new
}

/// How many characters two texts begin with in common, in either case.
fn common(one: &[char], other: &[char]) -> usize {
    let same = |(a, b): &(&char, &char)| a.to_lowercase().eq(b.to_lowercase());
    one.iter().zip(other).take_while(same).count()
}
