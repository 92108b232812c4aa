//! Resetting a forgotten password with a link from a mail.

use super::{
    error::AccountsError, reauthentication::Verification, service::Accounts, throttle::fingerprint,
};
use crate::{
    audit,
    db::{Client, Credentials, NewPassword},
    domain::{Email, Mail, MailContent, Password, PasswordReset, ResetLink},
};

impl Accounts {
    /// Queues the mail with the link. It does not look whether the address has an account: the mailer does,
    /// later, so neither the answer nor its time tells.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn request_reset(&self, email: &Email, from: &str) -> Result<(), AccountsError> {
        let mail = Mail { to: email.clone(), user_id: None, content: MailContent::Reset };
        self.store.queue_mail(&mail).await?;
        audit::reset_requested(from);
        Ok(())
    }

    /// Whether a link can still reset the password.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn is_reset_open(&self, link: &ResetLink) -> Result<bool, AccountsError> {
        let credentials = self.store.credentials(link.user).await?;
        Ok(credentials.is_some_and(|credentials| is_open(link, &credentials)))
    }

    /// Sets a new password. Ends all of the user's sessions and forgets the failed log-ins; no one is logged
    /// in. The link proves the address too.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. Nothing changes then.
    pub async fn reset_password(
        &self,
        link: &ResetLink,
        new: &Password,
        client: &Client,
    ) -> Result<PasswordReset, AccountsError> {
        let user = link.user;
        let Some(credentials) = self.store.credentials(user).await? else {
            return Ok(PasswordReset::LinkUsed);
        };
        if !is_open(link, &credentials) {
            return self.repeat_reset(link, new, client).await;
        }
        if let Err(rejected) = self.validate(new, &link.email).await? {
            return Ok(PasswordReset::Rejected(rejected));
        }
        let act = self.act_of(client);
        let content = MailContent::PasswordChanged { by_link: true, act };
        let change = NewPassword {
            user_id: user,
            verified: Some((&credentials.password_hash, &link.email)),
            password_hash: &self.hashing.hash(new).await?,
            proves_email: true,
            failures_of: fingerprint(&link.email),
            notice: self.notice(&credentials.user, content),
        };
        if self.store.set_password(change).await? {
            audit::password_reset(user, &client.address);
            return Ok(PasswordReset::Done);
        }
        self.repeat_reset(link, new, client).await
    }

    /// The link is used: perhaps by this same form, a moment ago. A wrong password counts as a failed log-in, so
    /// that a used link gets no one more guesses.
    async fn repeat_reset(
        &self,
        link: &ResetLink,
        new: &Password,
        client: &Client,
    ) -> Result<PasswordReset, AccountsError> {
        match self.verify(link.user, new, client).await? {
            Verification::Right(credentials, _) if credentials.user.email == link.email => {
                Ok(PasswordReset::Repeated)
            }
            Verification::Wrong(_, attempt) => {
                self.refuse(link.user, &attempt, client).await?;
                Ok(PasswordReset::LinkUsed)
            }
            _ => Ok(PasswordReset::LinkUsed),
        }
    }
}

fn is_open(link: &ResetLink, Credentials { user, password_hash }: &Credentials) -> bool {
    user.email == link.email
        && user.disabled_at.is_none()
        && password_hash.digest() == link.password
}
