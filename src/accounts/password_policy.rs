//! What a new password has to be.

use zeroize::Zeroizing;

use super::strength::weakness;
use crate::domain::{Email, Password, PasswordRejected};

/// Parts of an address that are shorter are in every other word.
const SHORTEST_WORD: usize = 3;

/// What a new password has to be.
#[derive(Debug, Clone, Copy)]
pub struct PasswordPolicy {
    min_length: usize,
}

impl PasswordPolicy {
    /// The lowest minimum that may be set: what NIST SP 800-63B-4 (section 3.1.1.2) asks where a
    /// password is one factor of two. Where it is the only one, it asks for 15.
    pub const LOWEST_MIN_LENGTH: usize = 8;
    /// The minimum, unless told otherwise.
    pub const DEFAULT_MIN_LENGTH: usize = 12;

    /// A policy that asks for at least `min_length` characters, and never fewer than
    /// [`LOWEST_MIN_LENGTH`](Self::LOWEST_MIN_LENGTH).
    pub fn new(min_length: usize) -> Self {
        Self { min_length: min_length.max(Self::LOWEST_MIN_LENGTH) }
    }

    /// How many characters a password has to have.
    pub fn min_length(&self) -> usize {
        self.min_length
    }

    /// Checks a new password of the person with this address. It takes some milliseconds, so it
    /// belongs off the async threads.
    ///
    /// # Errors
    ///
    /// When it is too short or too easy to guess, with the reason in words for that person.
    pub fn validate(&self, password: &Password, email: &Email) -> Result<(), PasswordRejected> {
        let password = password.as_str();
        if password.chars().count() < self.min_length {
            return Err(PasswordRejected::TooShort { min_length: self.min_length });
        }
        let own_words = own_words(email);
        let lower = Zeroizing::new(password.to_lowercase());
        let has_address = lower.contains(email.as_str()) || email.as_str().contains(&**lower);
        if has_address || !is_enough_without(&lower, &own_words) {
            return Err(PasswordRejected::Weak("It is much like your email address.".to_owned()));
        }
        let own_words: Vec<&str> = own_words.iter().map(String::as_str).collect();
        match weakness(password, &own_words) {
            None => Ok(()),
            Some(reason) => Err(PasswordRejected::Weak(reason)),
        }
    }
}

/// What an attacker tries first on this account: the address, its parts, and the name of this
/// program.
fn own_words(email: &Email) -> Vec<String> {
    let parts = email.as_str().split(|c: char| !c.is_alphanumeric());
    let parts = parts.filter(|part| part.chars().count() >= SHORTEST_WORD).map(str::to_owned);
    let whole = [email.as_str(), email.local_part()].map(bare);
    let mut words: Vec<String> = whole.into_iter().chain(parts).collect();
    words.push("waxseal".to_owned());
    // The longest first: taken out before what they are made of.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// Whether a password that has some of these words in it is good enough without them.
fn is_enough_without(lower: &str, words: &[String]) -> bool {
    let whole = Zeroizing::new(bare(lower));
    let mut left = whole.clone();
    for word in words.iter().filter(|word| !word.is_empty()) {
        left = Zeroizing::new(joined(left.split(word.as_str()), left.len()));
    }
    if left.len() == whole.len() {
        return true;
    }
    left.chars().count() >= PasswordPolicy::LOWEST_MIN_LENGTH && weakness(&left, &[]).is_none()
}

/// Letters and digits only.
fn bare(text: &str) -> String {
    joined(text.split(|c: char| !c.is_alphanumeric()), text.len())
}

/// Pieces of a text put together, in a buffer that never grows: growing would leave a part of a
/// password behind that is not wiped.
fn joined<'a>(pieces: impl Iterator<Item = &'a str>, length: usize) -> String {
    let mut text = String::with_capacity(length);
    text.extend(pieces);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Long after a beginning that is easy to guess.
    #[test]
    fn a_good_part_is_enough() {
        assert_eq!(validate("aaaaaaaaaaaaaaaa violet anvils", 12), Ok(()));
    }

    fn validate(password: &str, min_length: usize) -> Result<(), PasswordRejected> {
        let email = "ann.marmot@example.com".parse().unwrap();
        PasswordPolicy::new(min_length).validate(&Password::parse(password).unwrap(), &email)
    }

    #[test]
    fn eight_random_characters_are_enough_where_eight_are_allowed() {
        assert_eq!(validate("xk7vQp!2", 8), Ok(()));
        assert_eq!(validate("xk7vQp!2", 9), Err(PasswordRejected::TooShort { min_length: 9 }));
    }

    #[test]
    fn what_is_easy_to_guess_is_refused_with_the_reason() {
        for easy in [
            "password12345",
            "aaaaaaaaaaaaaaaa",
            "qwertyuiop[]",
            "ann.marmot@example.com1",
            "waxsealwaxseal",
            "waxseal-password",
            "ILoveYou2026!",
            "thisismypassword",
            "qwertyuiopasdfghjklzxcvbnm",
            "\n\n\n\n\n\n\n\n\n\n\n\n\n",
        ] {
            let Err(PasswordRejected::Weak(reason)) = validate(easy, 12) else { panic!("{easy}") };
            assert!(reason.ends_with('.'), "{reason}");
        }
    }

    #[test]
    fn what_is_made_of_the_address_is_refused() {
        let refused = |email: &str, password: &str| {
            let judged = PasswordPolicy::new(12)
                .validate(&Password::parse(password).unwrap(), &email.parse().unwrap());
            assert!(matches!(judged, Err(PasswordRejected::Weak(_))), "{email}: {password}");
        };
        for password in ["ednakrabappel1", "EdnaKrabappel1!", "edna krabappel", "krabappel-edna-1"]
        {
            refused("edna.krabappel@example.com", password);
        }
        for password in [
            "violet edna.krabappel@example.com marmots",
            "violet Edna.Krabappel@Example.com marmots",
            "KRABAPPEL-Edna-XQ1",
            "krabappel password",
            "krabappel qwertyui",
        ] {
            refused("edna.krabappel@example.com", password);
        }
        // Nor a piece of it that has no whole part in it.
        refused("anneliese.meyer@example.com", "liese.meyer@exam");
        refused("krabbenhoeft-oltmanns@example.com", "rabbenhoeft-oltmann");
        for password in ["j.smith.2026!", "jsmith2026!!", "jsmithacme2026", "hello waxseal"] {
            refused("j.smith@acme.com", password);
        }
        refused("johannes@widgetcorp.com", "widgetcorp2026");
        refused("johannes@widgetcorp.com", "WidgetCorp-2026-Winter");
        // One's own name is no harm among enough else.
        let email = "edna.krabappel@example.com".parse().unwrap();
        let password = Password::parse("edna paints violet marmots").unwrap();
        assert_eq!(PasswordPolicy::new(12).validate(&password, &email), Ok(()));
    }
}
