//! The log-in history.

use super::{
    error::AccountsError,
    paging::{Page, PageNumber},
    service::Accounts,
};
use crate::{
    db::{LoginEventRow, Outcome},
    domain::UserId,
};

/// An attempt to log in, or to confirm the password on another form.
#[derive(Debug, Clone)]
pub struct LoginEvent {
    /// The time, the outcome and the client.
    pub event: LoginEventRow,
    /// Whether this is the first log-in from its address, and not the account's first.
    pub is_new_here: bool,
}

impl Accounts {
    /// Lists a user's log-in attempts, newest first.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn login_history(
        &self,
        user: UserId,
        page: PageNumber,
    ) -> Result<Page<LoginEvent>, AccountsError> {
        let rows = self.store.login_events(user, page.limit(), page.offset()).await?;
        let first_times = self.store.addresses_of(user).await?;
        let first_login = first_times.values().min().copied();
        let is_new_here = |event: &LoginEventRow| {
            event.outcome == Outcome::Granted
                && Some(event.at) != first_login
                && first_times.get(&event.client.address) == Some(&event.at)
        };
        let events = rows.into_iter();
        let events = events.map(|event| LoginEvent { is_new_here: is_new_here(&event), event });
        Ok(page.of(events.collect()))
    }
}
