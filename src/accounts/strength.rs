//! How hard a password is to guess, as zxcvbn estimates it.

use zeroize::Zeroizing;
use zxcvbn::zxcvbn;

/// How many guesses a new password has to withstand, as a power of ten: what zxcvbn calls very
/// unguessable, its best score. (With 10^8, its second best, `ILoveYou2026!` is one.) Shorter ones,
/// where they are allowed, withstand what random characters do: ten guesses for each.
const ENOUGH_GUESSES: usize = 10;

/// How many characters are judged at once, and how often. The estimate's time grows with what stands
/// for letters: 40 of `4@8({[<3691` take 92 ms, three times 16 of them take 14, less than a hash.
const WINDOW: usize = 16;
const WINDOWS: usize = 3;

/// Why a password is easy to guess for an attacker who knows these words; `None` where it is not.
///
/// What a part of it withstands, the whole does.
pub(super) fn weakness(password: &str, words: &[&str]) -> Option<String> {
    // zxcvbn does not see repeated line ends.
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    // Buffers that never grow: growing would leave a part of the password behind that is not wiped.
    let mut characters = Zeroizing::new(Vec::with_capacity(password.len()));
    characters.extend(password.chars().map(visible));
    let enough = (0..ENOUGH_GUESSES.min(characters.len())).fold(1_u64, |guesses, _| 10 * guesses);
    let mut reason = None;
    for window in characters.chunks(WINDOW).take(WINDOWS) {
        let mut text = Zeroizing::new(String::with_capacity(WINDOW * char::MAX_LEN_UTF8));
        text.extend(window);
        let estimate = zxcvbn(&text, words);
        if estimate.guesses() >= enough {
            return None;
        }
        reason = reason.or_else(|| estimate.feedback().map(ToString::to_string));
    }
    let reason = reason.filter(|reason| !reason.is_empty());
    Some(reason.unwrap_or_else(|| "Add another word or two.".to_owned()))
}
