//! What administrators, and the command line, do with the accounts of others.

use unicode_normalization::UnicodeNormalization;

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

/// How many users a batch has.
const BATCH: u32 = 1000;

/// A user in a list.
#[derive(Debug, Clone)]
pub struct UserSummary {
    /// The user.
    pub user: User,
    /// How many live sessions there are.
    pub sessions: i64,
}

impl Accounts {
    /// The users whose address contains `search`, in the order of their addresses.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn users(
        &self,
        search: &str,
        page: PageNumber,
    ) -> Result<Page<UserSummary>, AccountsError> {
        let Some(search) = search_term(search) else { return Ok(page.of(Vec::new())) };
        let users = self.store.users(&search, page.limit(), page.offset()).await?;
        Ok(page.of(self.summaries(users).await?))
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user_summary(&self, user: UserId) -> Result<Option<UserSummary>, AccountsError> {
        let user = self.store.user(user).await?;
        Ok(self.summaries(user.into_iter().collect()).await?.pop())
    }

    /// The same list in batches, for those who read it to its end: what comes after this address,
    /// or the beginning. The last batch is empty.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn users_after(
        &self,
        search: &str,
        after: Option<&Email>,
    ) -> Result<Vec<UserSummary>, AccountsError> {
        let Some(search) = search_term(search) else { return Ok(Vec::new()) };
        self.summaries(self.store.users_after(&search, after, BATCH).await?).await
    }

    /// The user with this address.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, AccountsError> {
        Ok(self.store.user_by_email(email).await?)
    }

    /// Makes an account for someone, without a session.
    ///
    /// # Errors
    ///
    /// When the database fails; no account was made then.
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
            audit::user_added(user, role, by);
        }
        Ok(outcome)
    }

    /// Gives a user a role. A change ends the user's sessions, so that none goes on with the old
    /// one.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn set_role(
        &self,
        user: UserId,
        role: Role,
        by: &Actor,
    ) -> Result<RoleChange, AccountsError> {
        let outcome = self.store.set_role(user, role).await?;
        if outcome == RoleChange::Done {
            audit::role_set(user, role, by);
        }
        Ok(outcome)
    }

    /// Deletes the account of someone else, and ends the sessions.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn delete_user(
        &self,
        user: UserId,
        by: &Actor,
    ) -> Result<AccountDeletion, AccountsError> {
        let outcome = self.store.delete_user(user, None).await?;
        if outcome == AccountDeletion::Done {
            audit::account_deleted(user, by.acting_on(user));
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

/// What addresses are searched for; `None` where none can contain it. (What is too long for an
/// address, or has a zero byte in it, may be too much for the database as well.)
fn search_term(typed: &str) -> Option<String> {
    let term = typed.trim().nfc().collect::<String>().to_lowercase();
    (term.len() <= Email::MAX_BYTES && !term.contains('\0')).then_some(term)
}
