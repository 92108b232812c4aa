//! Managing other people's accounts, for administrators and the command line.

use super::{
    error::AccountsError,
    paging::{Page, PageNumber},
    service::Accounts,
};
use crate::{
    audit,
    db::NewUser,
    domain::{AccountDeletion, Actor, Email, NewAccount, Password, Role, RoleChange, User, UserId},
};

/// Users per batch.
const BATCH: u32 = 1000;

/// A user in a list.
#[derive(Debug, Clone)]
pub struct UserSummary {
    /// The user.
    pub user: User,
    /// The number of live sessions.
    pub sessions: i64,
}

impl Accounts {
    /// Lists the users whose email address contains `search`, sorted by address.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn users(
        &self,
        search: &str,
        page: PageNumber,
    ) -> Result<Page<UserSummary>, AccountsError> {
        let Some(search) = Email::search_term(search) else { return Ok(page.of(Vec::new())) };
        let users = self.store.users(&search, page.limit(), page.offset()).await?;
        Ok(page.of(self.summaries(users).await?))
    }

    /// Finds a user by id and counts their sessions.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn user_summary(&self, user: UserId) -> Result<Option<UserSummary>, AccountsError> {
        let user = self.store.user(user).await?;
        Ok(self.summaries(user.into_iter().collect()).await?.pop())
    }

    /// Lists the same users in batches: those after this address, or the first ones. An empty batch
    /// marks the end.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn users_after(
        &self,
        search: &str,
        after: Option<&Email>,
    ) -> Result<Vec<UserSummary>, AccountsError> {
        let Some(search) = Email::search_term(search) else { return Ok(Vec::new()) };
        self.summaries(self.store.users_after(&search, after, BATCH).await?).await
    }

    /// Finds a user by email address.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, AccountsError> {
        Ok(self.store.user_by_email(email).await?)
    }

    /// Creates an account without logging the user in.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. No account is created then.
    pub async fn add_user(
        &self,
        email: &Email,
        password: &Password,
        role: Role,
        by: &Actor,
    ) -> Result<NewAccount, AccountsError> {
        if let Err(rejected) = self.validate(password, email).await? {
            return Ok(NewAccount::Rejected(rejected));
        }
        let password_hash = &self.hashing.hash(password).await?;
        let user = NewUser { id: UserId::random(), email, password_hash, role };
        let outcome = self.store.add_user(user).await?;
        if let NewAccount::Done(user) = outcome {
            audit::user_added(user, role, &by.in_log());
        }
        Ok(outcome)
    }

    /// Sets a user's role. If it changes, the user's sessions end, because each carries the role it
    /// was created with.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn set_role(
        &self,
        user: UserId,
        role: Role,
        by: &Actor,
    ) -> Result<RoleChange, AccountsError> {
        let outcome = self.store.set_role(user, role).await?;
        if outcome == RoleChange::Done {
            audit::role_set(user, role, &by.in_log());
        }
        Ok(outcome)
    }

    /// Deletes another user's account and ends their sessions.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn delete_user(
        &self,
        user: UserId,
        by: &Actor,
    ) -> Result<AccountDeletion, AccountsError> {
        let known = self.store.user(user).await?;
        let notice = known.and_then(|user| self.deletion_notice(&user, self.act_of_admin()));
        let outcome = self.store.delete_user(user, None, notice.as_ref()).await?;
        if outcome == AccountDeletion::Done {
            audit::account_deleted(user, &by.acting_on(user));
        }
        Ok(outcome)
    }

    async fn summaries(&self, users: Vec<User>) -> Result<Vec<UserSummary>, AccountsError> {
        let ids: Vec<String> = users.iter().map(|user| user.id.to_string()).collect();
        let counts = self.store.sessions().count_sessions(&ids).await?;
        let sessions = |id| counts.get(id).copied().unwrap_or_default();
        let users = users.into_iter().zip(&ids);
        Ok(users.map(|(user, id)| UserSummary { user, sessions: sessions(id) }).collect())
    }
}
