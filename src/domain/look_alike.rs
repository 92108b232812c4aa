//! Domains that can be mistaken for others (Unicode Technical Standard 39).

use unicode_security::{MixedScript, RestrictionLevel, RestrictionLevelDetection, skeleton};

/// Whether a domain in Unicode can be mistaken for another one: a label mixes scripts that no language
/// mixes, or looks like Latin letters without being any.
pub(super) fn is_look_alike(domain: &str) -> bool {
    let looks_latin = domain.rsplit('.').next().is_some_and(str::is_ascii);
    domain.split('.').filter(|label| !label.is_ascii()).any(|label| {
        mixes_scripts(label) || (looks_latin && skeleton(label).all(|letter| letter.is_ascii()))
    })
}

/// Japanese, Korean and Chinese may be mixed with Latin.
fn mixes_scripts(label: &str) -> bool {
    !label.is_single_script()
        && label.detect_restriction_level() > RestrictionLevel::HighlyRestrictive
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mixed_scripts_and_foreign_letters_that_look_latin_are_look_alikes() {
        for domain in [
            "\u{430}pple.com",
            "www.p\u{430}ypal.com",
            "gr\u{3b5}\u{3b5}k.example",
            // All Cyrillic.
            "\u{441}\u{43e}\u{441}\u{43e}.com",
            "\u{430}\u{440}\u{440}\u{4cf}\u{435}.com",
        ] {
            assert!(is_look_alike(domain), "{domain}");
        }
    }

    #[test]
    fn names_in_one_language_are_none() {
        for domain in [
            "example.com",
            "b\u{fc}cher.example",
            "caf\u{e9}-ol\u{e9}.fr",
            "\u{43c}\u{43e}\u{441}\u{43a}\u{432}\u{430}.\u{440}\u{444}",
            // Latin letters stand for each of these, but not for the rest of the name.
            "\u{43e}\u{441}\u{430}.\u{440}\u{444}",
            "\u{43c}\u{43e}\u{441}\u{43a}\u{432}\u{430}.com",
            "\u{3b5}\u{3bb}\u{3bb}\u{3ac}\u{3b4}\u{3b1}.gr",
            "\u{6771}\u{4eac}abc.jp",
            "\u{d55c}\u{ad6d}.kr",
            "xn--80ak6aa92e.com",
        ] {
            assert!(!is_look_alike(domain), "{domain}");
        }
    }
}
