//! What operators do for people who can't get in, and against those who must not.

use super::{error::AccountsError, service::Accounts, throttle::fingerprint};
use crate::{
    audit,
    db::NewPassword,
    domain::{
        Actor, Disabling, Email, EmailSetting, Enabling, MailContent, Password, PasswordSetting,
        User, UserId,
    },
};

impl Accounts {
    /// Sets a user's password. Ends all of the user's sessions and forgets the failed log-ins.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. Nothing changes then.
    pub async fn set_password(
        &self,
        user: &User,
        new: &Password,
        by: &Actor,
    ) -> Result<PasswordSetting, AccountsError> {
        if let Err(rejected) = self.validate(new, &user.email).await? {
            return Ok(PasswordSetting::Rejected(rejected));
        }
        let act = self.act_of_admin();
        let change = NewPassword {
            user_id: user.id,
            verified: None,
            password_hash: &self.hashing.hash(new).await?,
            proves_email: false,
            failures_of: fingerprint(&user.email),
            notice: self.notice(user, MailContent::PasswordChanged { by_link: false, act }),
        };
        if !self.store.set_password(change).await? {
            return Ok(PasswordSetting::NoSuchUser);
        }
        audit::password_set(user.id, &by.in_log());
        Ok(PasswordSetting::Done)
    }

    /// Sets a user's email address, which counts as confirmed, and ends all of the user's sessions. The old address is
    /// told, and can't undo it.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn set_email(
        &self,
        user: UserId,
        new: &Email,
        by: &Actor,
    ) -> Result<EmailSetting, AccountsError> {
        let act = self.mail.notifies.then(|| self.act_of_admin());
        let outcome = self.store.set_email(user, new, act.as_ref()).await?;
        if outcome == EmailSetting::Done {
            audit::email_set(user, &by.in_log());
        }
        Ok(outcome)
    }

    /// Disables an account: no one logs in to it, and its sessions end.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn disable_user(&self, user: UserId, by: &Actor) -> Result<Disabling, AccountsError> {
        let outcome = self.store.disable_user(user).await?;
        if outcome == Disabling::Done {
            audit::account_disabled(user, &by.in_log());
        }
        Ok(outcome)
    }

    /// Lets a disabled account log in again.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn enable_user(&self, user: UserId, by: &Actor) -> Result<Enabling, AccountsError> {
        let outcome = self.store.enable_user(user).await?;
        if outcome == Enabling::Done {
            audit::account_enabled(user, &by.in_log());
        }
        Ok(outcome)
    }

    /// Forgets an account's failed log-ins, from everywhere. Returns whether there were any.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn unlock_user(&self, user: &User, by: &Actor) -> Result<bool, AccountsError> {
        let forgotten = self.store.forget_failures(&fingerprint(&user.email)).await?;
        if forgotten {
            audit::account_unlocked(user.id, &by.in_log());
        }
        Ok(forgotten)
    }
}
