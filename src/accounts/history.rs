//! The history of log-ins.

use super::{
    error::AccountsError,
    paging::{Page, PageNumber},
    shared::Accounts,
    user::UserId,
};
use crate::storage::LoginEventRow;

/// An attempt to log in, or to do something else that asks for the password.
pub type LoginEvent = LoginEventRow;

impl Accounts {
    /// A user's log-ins, refused ones too, the newest first.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn login_history(
        &self,
        user: UserId,
        page: PageNumber,
    ) -> Result<Page<LoginEvent>, AccountsError> {
        let id = user.to_string();
        Ok(page.of(self.storage.login_events(&id, page.limit(), page.offset()).await?))
    }
}
