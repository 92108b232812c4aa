//! What people change about their own account: the password, or that it exists.

use super::{
    email::Email,
    error::AccountsError,
    login::{Accounts, Arrival, HASH_ATTEMPTS},
    password::{Password, UnfitPassword},
    user::{Role, User, UserId},
};
use crate::{
    session::{SessionRecord, State},
    storage::{Deletion, NewLogin, NewPassword, UserRow},
    telemetry,
};

/// How a change of password ended.
#[derive(Debug)]
pub enum PasswordChange {
    /// It is changed. The other sessions have ended; this is the one that goes on.
    Done(SessionRecord),
    /// The current password is another one.
    WrongPassword,
    /// The new password is not fit to be one.
    Unfit(UnfitPassword),
    /// The session has ended in the meantime.
    SessionOver,
}

/// How the deletion of an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountDeletion {
    /// Account and sessions are gone.
    Done,
    /// The password is another one.
    WrongPassword,
    /// Nobody could manage the accounts any more.
    LastAdmin,
}

impl Accounts {
    /// Changes the password of somebody who is logged in. The session, with this state, is
    /// renewed; all others end.
    ///
    /// # Errors
    ///
    /// When the database fails or too many are waiting; nothing is changed then.
    pub async fn change_password(
        &self,
        user: UserId,
        (current, new): (&Password, &Password),
        arrival: &Arrival,
        state: State,
    ) -> Result<PasswordChange, AccountsError> {
        for _attempt in 0..HASH_ATTEMPTS {
            let Some(row) = self.confirmed(user, current, arrival).await? else {
                return Ok(PasswordChange::WrongPassword);
            };
            let email: Email = User::try_from(row.clone())?.email;
            if let Err(unfit) = self.judge(new, &email).await? {
                return Ok(PasswordChange::Unfit(unfit));
            }
            let hash = self.hashing.hash(new).await?;
            let session = SessionRecord::open(&self.lifetimes, self.clock.now(), state.clone());
            let change = NewLogin {
                user_id: &row.id,
                verified_hash: &row.password_hash,
                password_hash: &hash,
                replaces: arrival.replaces.as_ref(),
                client: &arrival.client,
            };
            match self.sessions.change_password(change, &session).await? {
                NewPassword::OtherHash => continue,
                NewPassword::SessionOver => return Ok(PasswordChange::SessionOver),
                NewPassword::Done => {}
            }
            log::info!("password changed: user {user} from {}", arrival.client.address);
            return Ok(PasswordChange::Done(session));
        }
        Ok(PasswordChange::WrongPassword)
    }

    /// Deletes the account of somebody who is logged in.
    ///
    /// # Errors
    ///
    /// When the database fails or too many are waiting; nothing is changed then.
    pub async fn delete_account(
        &self,
        user: UserId,
        password: &Password,
        arrival: &Arrival,
    ) -> Result<AccountDeletion, AccountsError> {
        let Some(row) = self.confirmed(user, password, arrival).await? else {
            return Ok(AccountDeletion::WrongPassword);
        };
        let hash = Some(row.password_hash.as_str());
        let deleted = self.sessions.delete_user(&row.id, hash, Role::Admin.as_str()).await?;
        Ok(match deleted {
            Deletion::Done => {
                log::info!("account deleted: user {user} from {}", arrival.client.address);
                AccountDeletion::Done
            }
            Deletion::NoSuchUser => AccountDeletion::WrongPassword,
            Deletion::LastOne => AccountDeletion::LastAdmin,
        })
    }

    /// The user's row, if this is the password. A wrong one counts as a refused log-in.
    async fn confirmed(
        &self,
        user: UserId,
        password: &Password,
        arrival: &Arrival,
    ) -> Result<Option<UserRow>, AccountsError> {
        let id = user.to_string();
        let row = self.storage.user_by_id(&id).await?;
        let hash = row.as_ref().map(|row| row.password_hash.as_str());
        if self.hashing.verify(password, hash).await?.is_some() {
            return Ok(row);
        }
        self.storage.record_refusal(Some(&id), &arrival.client, self.clock.now()).await?;
        telemetry::login_refused();
        log::info!("password refused: user {user} from {}", arrival.client.address);
        Ok(None)
    }
}
