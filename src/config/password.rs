//! The settings of passwords.

use clap::Args;

use super::{invalid_setting::InvalidSetting, value::given};
use crate::accounts::PasswordPolicy;

const DEFAULT_MIN_LENGTH: &str = "12";

/// The longest minimum. A password may have 1,024 bytes, and a character takes up to four of them.
const HIGHEST_MIN_LENGTH: usize = 256;

/// What new passwords must be.
#[derive(Args, Clone, Default)]
pub struct PasswordArgs {
    /// The minimum length of a new password, in characters
    ///
    /// From 8 to 256. 15 meets NIST SP 800-63B-4 where the password is the only factor.
    #[arg(
        long = "password-min-length",
        env = "PASSWORD_MIN_LENGTH",
        value_name = "NUMBER",
        default_value = DEFAULT_MIN_LENGTH,
        hide_env_values = true
    )]
    pub min_length: Option<String>,
}

impl PasswordArgs {
    /// # Errors
    ///
    /// When the length is outside what is allowed.
    pub fn validate(&self) -> Result<PasswordPolicy, InvalidSetting> {
        const ALLOWED: std::ops::RangeInclusive<usize> =
            PasswordPolicy::LOWEST_MIN_LENGTH..=HIGHEST_MIN_LENGTH;

        let text = given(&self.min_length).unwrap_or(DEFAULT_MIN_LENGTH);
        match text.parse().ok().filter(|length| ALLOWED.contains(length)) {
            Some(length) => Ok(PasswordPolicy::new(length)),
            None => Err(InvalidSetting::new(
                "PASSWORD_MIN_LENGTH",
                format!("{text:?} must be a number from {} to {}", ALLOWED.start(), ALLOWED.end()),
            )),
        }
    }
}
