//! The history of log-ins.

use super::{
    error::AccountsError,
    paging::{Page, PageNumber},
    service::Accounts,
};
use crate::{
    db::{LoginEventRow, Outcome},
    domain::UserId,
};

/// An attempt to log in, or to do something else that asks for the password.
#[derive(Debug, Clone)]
pub struct LoginEvent {
    /// When, how it ended, and from where.
    pub event: LoginEventRow,
    /// It was granted, and is the first log-in from its address, but not the first of all.
    pub is_new_here: bool,
}

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
        let rows = self.store.login_events(user, page.limit(), page.offset()).await?;
        let first_times = self.store.addresses_of(user).await?;
        let first_of_all = first_times.values().min().copied();
        let is_new_here = |event: &LoginEventRow| {
            event.outcome == Outcome::Granted
                && Some(event.at) != first_of_all
                && first_times.get(&event.client.address) == Some(&event.at)
        };
        let events = rows.into_iter();
        let events = events.map(|event| LoginEvent { is_new_here: is_new_here(&event), event });
        Ok(page.of(events.collect()))
    }
}
