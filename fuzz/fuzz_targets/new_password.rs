//! Validates any text as an email address and a new password, one per line. The check must not panic (it
//! looks for dates, keyboard patterns and dictionary words in untrusted input), and an accepted password
//! must meet the policy.

#![no_main]

use libfuzzer_sys::fuzz_target;
use waxseal::accounts::{Email, Password, PasswordPolicy};

fuzz_target!(|text: &str| {
    let (email, password) = text.split_once('\n').unwrap_or(("", text));
    let email = email.parse::<Email>();
    if let Ok(email) = &email {
        check_email(email);
    }
    let Ok(parsed) = Password::parse(password) else {
        assert!(password.is_empty() || password.len() > Password::MAX_BYTES);
        return;
    };
    let email = email.unwrap_or_else(|_| "ann@example.com".parse().unwrap());
    let policy = PasswordPolicy::new(0);
    if policy.validate(&parsed, &email).is_ok() {
        // Normalization composes characters, so the text as typed has at least as many.
        assert!(password.chars().count() >= PasswordPolicy::LOWEST_MIN_LENGTH);
        assert!(!password.to_lowercase().contains(email.as_str()));
    }
});

/// Parsing an address is idempotent.
fn check_email(email: &Email) {
    let text = email.as_str();
    assert_eq!(text.parse::<Email>().as_ref(), Ok(email));
    assert_eq!(format!(" {}\t", text).parse::<Email>().as_ref(), Ok(email));
    assert!(text.len() <= Email::MAX_BYTES);
    let (local, domain) = text.rsplit_once('@').unwrap();
    assert_eq!(email.local_part(), local);
    assert!(!local.is_empty() && !domain.is_empty());
}
