//! What administrators, and the command line, do with the accounts of others.

use unicode_normalization::UnicodeNormalization;

use super::{
    email::Email,
    error::AccountsError,
    paging::{Page, PageNumber},
    password::{Password, PasswordRejected},
    service::Accounts,
    user::{Role, User, UserId},
};
use crate::db::{Deletion, NewUser, RoleChange, UserListRow};

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

/// How a change to somebody's account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It is done, and where that is a change, the user's sessions have ended.
    Done,
    /// There is no such user.
    NoSuchUser,
    /// It is the last administrator; nothing was changed.
    LastAdmin,
}

/// How making an account for somebody ended.
#[derive(Debug)]
pub enum NewAccount {
    /// It is there.
    Done(UserId),
    /// Somebody has an account with this address.
    EmailTaken,
    /// The password is not fit to be one.
    Unfit(PasswordRejected),
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
        let now = self.clock.now();
        let rows = self.storage.users(&search, page.limit(), page.offset(), now).await?;
        Ok(page.of(summaries(rows)?))
    }

    /// One of them.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user_summary(&self, user: UserId) -> Result<Option<UserSummary>, AccountsError> {
        let row = self.storage.listed_user(&user.to_string(), self.clock.now()).await?;
        row.map(summary).transpose()
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
        let after = after.map_or("", Email::as_str);
        summaries(self.storage.users_after(&search, after, BATCH, self.clock.now()).await?)
    }

    /// The user with this address.
    ///
    /// # Errors
    ///
    /// When the database fails.
    pub async fn user_by_email(&self, email: &Email) -> Result<Option<User>, AccountsError> {
        self.storage.user_by_email(email.as_str()).await?.map(User::try_from).transpose()
    }

    /// Makes an account for somebody, without logging anybody in.
    ///
    /// # Errors
    ///
    /// When the database fails; no account was made then.
    pub async fn add_user(
        &self,
        email: &Email,
        password: &Password,
        role: Role,
    ) -> Result<NewAccount, AccountsError> {
        if let Err(unfit) = self.validate(password, email).await? {
            return Ok(NewAccount::Unfit(unfit));
        }
        let hash = self.hashing.hash(password).await?;
        let id = UserId::random();
        let user = NewUser {
            id: &id.to_string(),
            email: email.as_str(),
            password_hash: &hash,
            role: role.as_str(),
        };
        let added = self.sessions.sign_up(user, None, None).await?;
        Ok(if added { NewAccount::Done(id) } else { NewAccount::EmailTaken })
    }

    /// Gives a user a role. A change ends the user's sessions, so that none goes on with the old
    /// one.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn set_role(&self, user: UserId, role: Role) -> Result<Change, AccountsError> {
        let admin = Role::Admin.as_str();
        let changed = self.sessions.set_role(&user.to_string(), role.as_str(), admin).await?;
        Ok(match changed {
            RoleChange::Done => Change::Done,
            RoleChange::NoSuchUser => Change::NoSuchUser,
            RoleChange::LastAdmin => Change::LastAdmin,
        })
    }

    /// Deletes somebody's account and ends the sessions.
    ///
    /// # Errors
    ///
    /// When the database fails; nothing is changed then.
    pub async fn delete_user(&self, user: UserId) -> Result<Change, AccountsError> {
        let admin = Role::Admin.as_str();
        Ok(match self.sessions.delete_user(&user.to_string(), None, admin).await? {
            Deletion::Done => Change::Done,
            Deletion::NoSuchUser => Change::NoSuchUser,
            Deletion::LastAdmin => Change::LastAdmin,
        })
    }
}

/// What addresses are searched for; `None` where none can contain it. (What is too long for an
/// address, or has a zero byte in it, may be too much for the database as well.)
fn search_term(typed: &str) -> Option<String> {
    let term = typed.trim().nfc().collect::<String>().to_lowercase();
    (term.len() <= Email::MAX_BYTES && !term.contains('\0')).then_some(term)
}

fn summaries(rows: Vec<UserListRow>) -> Result<Vec<UserSummary>, AccountsError> {
    rows.into_iter().map(summary).collect()
}

fn summary(row: UserListRow) -> Result<UserSummary, AccountsError> {
    Ok(UserSummary { user: row.user.try_into()?, sessions: row.sessions })
}
