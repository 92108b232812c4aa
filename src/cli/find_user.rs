//! Finding the user that an argument names.

use super::output::Failure;
use crate::accounts::{Accounts, Email, User, UserId};

/// Finds the user with this email address or id.
pub(super) async fn find_user(accounts: &Accounts, name: &str) -> Result<User, Failure> {
    let found = if let Ok(id) = name.parse::<UserId>() {
        accounts.user(id).await?
    } else if let Ok(email) = name.parse::<Email>() {
        accounts.user_by_email(&email).await?
    } else {
        return Err(format!("{name:?} is neither an email address nor a user id").into());
    };
    found.ok_or_else(|| format!("there is no user {name}").into())
}
