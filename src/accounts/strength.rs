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

/// Why a password is easy to guess for somebody who knows these words; `None` where it is not.
///
/// What a part of it withstands, the whole does.
pub(super) fn weakness(password: &str, words: &[&str]) -> Option<String> {
    // zxcvbn does not see repeated line ends.
    let visible = |c: char| if c.is_control() { ' ' } else { c };
    let characters: Zeroizing<Vec<char>> = Zeroizing::new(password.chars().map(visible).collect());
    let enough = (0..ENOUGH_GUESSES.min(characters.len())).fold(1_u64, |guesses, _| 10 * guesses);
    let mut reason = None;
    for window in characters.chunks(WINDOW).take(WINDOWS) {
        let window = Zeroizing::new(window.iter().collect::<String>());
        let estimate = zxcvbn(&window, words);
        if estimate.guesses() >= enough {
            return None;
        }
        reason = reason.or_else(|| estimate.feedback().map(ToString::to_string));
    }
    let reason = reason.filter(|reason| !reason.is_empty());
    Some(reason.unwrap_or_else(|| "Add another word or two.".to_owned()))
}
