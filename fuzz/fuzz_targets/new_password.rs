//! Any text as an email address and a new password, a line each: judging it never panics (the
//! judge reads dates, keyboards and dictionaries out of what strangers type), and what passes keeps
//! to the policy.

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
        // Composed characters are one, so as it was typed it has no fewer.
        assert!(password.chars().count() >= PasswordPolicy::LOWEST_MIN_LENGTH);
        assert!(!password.to_lowercase().contains(email.as_str()));
    }
});

/// An address has one spelling.
fn check_email(email: &Email) {
    let text = email.as_str();
    assert_eq!(text.parse::<Email>().as_ref(), Ok(email));
    assert_eq!(format!(" {}\t", text).parse::<Email>().as_ref(), Ok(email));
    assert!(text.len() <= Email::MAX_BYTES);
    let (local, domain) = text.rsplit_once('@').unwrap();
    assert_eq!(email.local_part(), local);
    assert!(!local.is_empty() && !domain.is_empty());
}
