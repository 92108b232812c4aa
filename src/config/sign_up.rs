//! The setting of sign-up.

use clap::Args;

use super::{invalid_setting::InvalidSetting, value::given};
use crate::accounts::SignUpPolicy;

const OPEN: &str = "open";

/// Who may sign up.
#[derive(Args, Clone, Default)]
pub struct SignUpArgs {
    /// Who may sign up: `open` for everyone, `closed` for those who were invited
    ///
    /// Administrators invite people by email, on the page of users or with `waxseal user invite`.
    #[arg(long, env, value_name = "MODE", default_value = OPEN, hide_env_values = true)]
    pub sign_up: Option<String>,
}

impl SignUpArgs {
    /// # Errors
    ///
    /// When it is neither `open` nor `closed`.
    pub fn validate(&self) -> Result<SignUpPolicy, InvalidSetting> {
        match given(&self.sign_up).unwrap_or(OPEN) {
            OPEN => Ok(SignUpPolicy::Open),
            "closed" => Ok(SignUpPolicy::Closed),
            other => {
                Err(InvalidSetting::new("SIGN_UP", format!("{other:?} must be open or closed")))
            }
        }
    }
}
