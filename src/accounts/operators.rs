//! What operators do for people who can't get in, and against those who must not.

use waxseal_session::Timestamp;

use super::{
    error::AccountsError,
    service::Accounts,
    throttle::{attempt_from_elsewhere, fingerprint},
};
use crate::{
    audit,
    db::{NewPassword, NewUser},
    domain::{
        Actor, Disabling, Email, EmailSetting, Enabling, Mail, MailContent, Password,
        PasswordSetting, Role, User, UserId,
    },
};

impl Accounts {
    /// Adds an administrator if there is no user. The password must meet the policy.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. No account is created then.
    pub async fn add_first_admin(
        &self,
        email: &Email,
        password: &Password,
    ) -> Result<(), AccountsError> {
        // Before the hash, to spare it: the insertion decides.
        if self.store.has_users().await? {
            log::debug!("there are users, so no first administrator is created");
            return Ok(());
        }
        let (id, role) = (UserId::random(), Role::Admin);
        let password_hash = &self.hashing.hash(password).await?;
        if self.store.add_first_user(NewUser { id, email, password_hash, role }).await? {
            audit::user_added(id, role, &Actor::Setting.in_log());
        }
        Ok(())
    }

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

    /// When the wait after failed log-ins ends, for someone who logs in from where the user never has; `None` if
    /// there is none.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn locked_until(&self, user: &User) -> Result<Option<Timestamp>, AccountsError> {
        let attempt = attempt_from_elsewhere(&user.email);
        Ok(self.store.retry_at(&attempt).await?)
    }

    /// Queues a mail with a link to choose a new password. An operator need not know it then.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn send_reset(&self, user: &User, by: &Actor) -> Result<(), AccountsError> {
        let mail = Mail { to: user.email.clone(), user_id: None, content: MailContent::Reset };
        self.store.queue_mail(&mail).await?;
        audit::reset_sent(user.id, &by.in_log());
        Ok(())
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

#[cfg(test)]
mod tests {
    use std::pin::pin;

    use waxseal_session::SessionRecord;

    use super::*;
    use crate::{
        accounts::testing::{EMAIL, Fixture, PASSWORD, context, email, password},
        db::LoginContext,
        domain::{LogIn, PasswordChange},
    };

    const NEW: &str = "granite lantern seven otters";

    async fn disable(accounts: &Accounts, user: UserId) {
        let disabled = accounts.disable_user(user, &Actor::CommandLine).await.unwrap();
        assert_eq!(disabled, Disabling::Done);
    }

    async fn live_sessions(fixture: &Fixture) -> i64 {
        fixture.accounts.user_summary(fixture.ann).await.unwrap().unwrap().sessions
    }

    async fn logged_in(fixture: &Fixture) -> SessionRecord {
        let (address, password, context) = (email(EMAIL), password(PASSWORD), context());
        let log_in = fixture.accounts.log_in(&address, &password, &context);
        let LogIn::Granted(session) = fixture.finish(log_in).await.0.unwrap() else { panic!() };
        session
    }

    #[actix_web::test]
    async fn an_account_that_is_disabled_while_the_password_is_checked_opens_no_session() {
        let fixture = Fixture::new().await;
        let (address, password, context) = (email(EMAIL), password(PASSWORD), context());
        let mut log_in = pin!(fixture.accounts.log_in(&address, &password, &context));
        let Ok(job) = fixture.run_until_hash(log_in.as_mut()).await else { panic!("no hash") };
        disable(&fixture.accounts, fixture.ann).await;
        job();
        let outcome = log_in.await.unwrap();
        assert!(matches!(outcome, LogIn::Disabled), "{outcome:?}");
        assert_eq!(live_sessions(&fixture).await, 0);
    }

    #[actix_web::test]
    async fn an_account_that_is_disabled_while_its_password_changes_has_no_session() {
        let fixture = Fixture::new().await;
        let session = logged_in(&fixture).await;
        let context = LoginContext { replaces: Some(session.id), ..context() };
        let passwords = (password(PASSWORD), password(NEW));
        let passwords = (&passwords.0, &passwords.1);
        let state = session.state.clone();
        let change = fixture.accounts.change_password(fixture.ann, passwords, &context, state);
        let mut change = pin!(change);
        let Ok(job) = fixture.run_until_hash(change.as_mut()).await else { panic!("no hash") };
        disable(&fixture.accounts, fixture.ann).await;
        job();
        let outcome = fixture.finish(change).await.0.unwrap();
        assert!(matches!(outcome, PasswordChange::SessionEnded), "{outcome:?}");
        assert_eq!(live_sessions(&fixture).await, 0);
    }

    #[actix_web::test]
    async fn a_disabled_account_costs_a_hash_like_any_other() {
        let fixture = Fixture::new().await;
        disable(&fixture.accounts, fixture.ann).await;
        let (address, password, context) = (email(EMAIL), password(PASSWORD), context());
        let log_in = fixture.accounts.log_in(&address, &password, &context);
        let (outcome, hashed) = fixture.finish(log_in).await;
        assert!(matches!(outcome.unwrap(), LogIn::Disabled));
        assert_eq!(hashed, 1);
    }
}
