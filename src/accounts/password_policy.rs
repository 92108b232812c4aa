//! The password policy.

use zeroize::Zeroizing;

use super::strength::weakness;
use crate::domain::{Email, Password, PasswordRejected};

/// Shorter parts of an address are ignored, because they occur in many words.
const MIN_WORD_LENGTH: usize = 3;

/// The requirements for new passwords.
#[derive(Debug, Clone, Copy)]
pub struct PasswordPolicy {
    min_length: usize,
}

impl PasswordPolicy {
    /// The lowest minimum that can be set, in characters: NIST SP 800-63B-4, section 3.1.1.2, requires
    /// 8 for a password that is one factor of two, and 15 for one that is the only factor.
    pub const LOWEST_MIN_LENGTH: usize = 8;
    /// The default minimum, in characters.
    pub const DEFAULT_MIN_LENGTH: usize = 12;

    /// Requires at least `min_length` characters, raised to
    /// [`LOWEST_MIN_LENGTH`](Self::LOWEST_MIN_LENGTH) if less.
    pub fn new(min_length: usize) -> Self {
        Self { min_length: min_length.max(Self::LOWEST_MIN_LENGTH) }
    }

    /// The minimum length, in characters.
    pub fn min_length(&self) -> usize {
        self.min_length
    }

    /// Checks a new password for the user with this address. It takes milliseconds, so don't call it
    /// on an async thread.
    ///
    /// # Errors
    ///
    /// If the password is too short or too easy to guess; the error's text is for the user.
    pub fn validate(&self, password: &Password, email: &Email) -> Result<(), PasswordRejected> {
        let password = password.as_str();
        if password.chars().count() < self.min_length {
            return Err(PasswordRejected::TooShort { min_length: self.min_length });
        }
        let own_words = own_words(email);
        let lower = Zeroizing::new(password.to_lowercase());
        let has_address = lower.contains(email.as_str()) || email.as_str().contains(&**lower);
        if has_address || !is_strong_without(&lower, &own_words) {
            return Err(PasswordRejected::Weak(
                "It is too similar to your email address.".to_owned(),
            ));
        }
        let own_words: Vec<&str> = own_words.iter().map(String::as_str).collect();
        match weakness(password, &own_words) {
            None => Ok(()),
            Some(reason) => Err(PasswordRejected::Weak(reason)),
        }
    }
}

/// The words an attacker tries first on this account: the address, its parts, and "waxseal".
fn own_words(email: &Email) -> Vec<String> {
    let parts = email.as_str().split(|c: char| !c.is_alphanumeric()).map(str::to_owned);
    let whole = [email.as_str(), email.local_part()].map(alphanumeric);
    let words = whole.into_iter().chain(parts);
    let mut words: Vec<String> =
        words.filter(|word| word.chars().count() >= MIN_WORD_LENGTH).collect();
    words.push("waxseal".to_owned());
    // Longest first, so that a word is removed before its parts are.
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// Whether a password is strong enough after these words are removed from it.
fn is_strong_without(lower: &str, words: &[String]) -> bool {
    let whole = Zeroizing::new(alphanumeric(lower));
    let mut rest = whole.clone();
    for word in words.iter().filter(|word| !word.is_empty()) {
        rest = Zeroizing::new(concat(rest.split(word.as_str()), rest.len()));
    }
    if rest.len() == whole.len() {
        return true;
    }
    rest.chars().count() >= PasswordPolicy::LOWEST_MIN_LENGTH && weakness(&rest, &[]).is_none()
}

/// The letters and digits of a text.
fn alphanumeric(text: &str) -> String {
    concat(text.split(|c: char| !c.is_alphanumeric()), text.len())
}

/// Concatenates in a buffer that never grows: growing would leave an unwiped copy of part of a password
/// in memory.
fn concat<'a>(pieces: impl Iterator<Item = &'a str>, length: usize) -> String {
    let mut text = String::with_capacity(length);
    text.extend(pieces);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A weak beginning does no harm.
    #[test]
    fn one_strong_part_is_enough() {
        assert_eq!(validate("aaaaaaaaaaaaaaaa violet anvils", 12), Ok(()));
    }

    #[test]
    fn a_word_is_as_weak_however_often_it_is_repeated() {
        for word in [
            "abc123",
            "iloveyou1",
            "password1",
            "Password1!",
            "football1",
            "trustno1!",
            "sunshine9",
            "changeme1",
            "p455w0rd!",
        ] {
            for times in 2..8 {
                let repeated = word.repeat(times);
                assert!(validate(&repeated, 8).is_err(), "{repeated}");
                assert!(validate(&format!("x{repeated}{}", word.to_uppercase()), 8).is_err());
            }
        }
        assert_eq!(validate("granite otters granite kettles", 12), Ok(()));
    }

    fn validate(password: &str, min_length: usize) -> Result<(), PasswordRejected> {
        let email = "ann.marmot@example.com".parse().unwrap();
        PasswordPolicy::new(min_length).validate(&Password::parse(password).unwrap(), &email)
    }

    #[test]
    fn eight_random_characters_pass_if_the_minimum_is_eight() {
        assert_eq!(validate("xk7vQp!2", 8), Ok(()));
        assert_eq!(validate("xk7vQp!2", 9), Err(PasswordRejected::TooShort { min_length: 9 }));
    }

    #[test]
    fn weak_passwords_are_rejected_with_a_reason() {
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
    fn a_letter_for_an_address_is_not_held_against_a_password_with_that_letter() {
        let password = Password::parse("password12345").unwrap();
        let outcome =
            PasswordPolicy::new(12).validate(&password, &"a@example.com".parse().unwrap());
        let Err(PasswordRejected::Weak(reason)) = outcome else { panic!("{outcome:?}") };
        assert!(!reason.contains("email address"), "{reason}");
    }

    #[test]
    fn passwords_built_from_the_address_are_rejected() {
        let refused = |email: &str, password: &str| {
            let outcome = PasswordPolicy::new(12)
                .validate(&Password::parse(password).unwrap(), &email.parse().unwrap());
            assert!(matches!(outcome, Err(PasswordRejected::Weak(_))), "{email}: {password}");
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
        // A piece of the address that contains no whole part of it.
        refused("anneliese.meyer@example.com", "liese.meyer@exam");
        refused("krabbenhoeft-oltmanns@example.com", "rabbenhoeft-oltmann");
        for password in ["j.smith.2026!", "jsmith2026!!", "jsmithacme2026", "hello waxseal"] {
            refused("j.smith@acme.com", password);
        }
        refused("johannes@widgetcorp.com", "widgetcorp2026");
        refused("johannes@widgetcorp.com", "WidgetCorp-2026-Winter");
        // The user's name is allowed if the rest is strong.
        let email = "edna.krabappel@example.com".parse().unwrap();
        let password = Password::parse("edna paints violet marmots").unwrap();
        assert_eq!(PasswordPolicy::new(12).validate(&password, &email), Ok(()));
    }
}
