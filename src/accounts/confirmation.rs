//! Confirming email addresses: the sign-up that asks for it, and the link that does it.
//!
//! The link proves the address, the password proves who signed up. Otherwise a stranger could sign up with
//! Ann's address, and Ann's click would make the stranger the owner of a confirmed account of hers.

use super::{
    error::AccountsError, login::log_outcome, reauthentication::Verification, service::Accounts,
};
use crate::{
    audit,
    db::{Attempt, Client, Credentials, EmailProof, LoginContext, NewLogin, NewUser},
    domain::{
        ConfirmLink, Confirmation, Email, LogIn, Mail, MailContent, Password, Role, SignUp, User,
        UserId,
    },
    telemetry,
};

impl Accounts {
    /// Adds an account whose address has none, and queues the mail with the link. An account that exists stays as it
    /// is, with its password, and the mail tells its owner. The work and the outcome are the same.
    pub(super) async fn request_sign_up(
        &self,
        email: &Email,
        password: &Password,
        client: &Client,
    ) -> Result<SignUp, AccountsError> {
        if let Err(rejected) = self.validate(password, email).await? {
            return Ok(SignUp::Rejected(rejected));
        }
        let password_hash = &self.hashing.hash(password).await?;
        let user = NewUser { id: UserId::random(), email, password_hash, role: Role::User };
        let mail = Mail { to: email.clone(), user_id: None, content: MailContent::SignUp };
        if self.store.request_sign_up(user, &mail).await? {
            telemetry::signed_up();
        }
        audit::sign_up_requested(&client.address);
        Ok(SignUp::Requested)
    }

    /// Queues another mail with the link. Like [`request_reset`](Self::request_reset), it does not look whether
    /// there is anything to confirm.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn request_confirmation(&self, email: &Email) -> Result<(), AccountsError> {
        let mail = Mail { to: email.clone(), user_id: None, content: MailContent::Confirm };
        Ok(self.store.queue_mail(&mail).await?)
    }

    /// The user that a link is for; `None` if it confirms nothing any more. The address may be confirmed already.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn user_of(&self, link: &ConfirmLink) -> Result<Option<User>, AccountsError> {
        let user = self.store.user(link.user).await?;
        Ok(user.filter(|user| is_alive(link, user)))
    }

    /// Confirms the address of the user who is signed in.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn confirm(
        &self,
        link: &ConfirmLink,
        from: &str,
    ) -> Result<Confirmation, AccountsError> {
        if self.store.confirm_email(link.user, &link.email).await? {
            audit::email_confirmed(link.user, from);
            return Ok(Confirmation::Done);
        }
        let user = self.user_of(link).await?;
        Ok(if user.is_some() { Confirmation::Done } else { Confirmation::LinkDead })
    }

    /// Confirms the address and logs in, with the password that was chosen at sign-up: guarded like a log-in, because
    /// it is one.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. Nothing changes then.
    pub async fn confirm_and_log_in(
        &self,
        link: &ConfirmLink,
        password: &Password,
        context: &LoginContext,
    ) -> Result<Confirmation, AccountsError> {
        let (user, client) = (link.user, &context.client);
        match self.verify(user, password, client).await? {
            Verification::NoSuchUser => Ok(Confirmation::LinkDead),
            Verification::Throttled(until) => Ok(Confirmation::Throttled(until)),
            Verification::Right(credentials, attempt) => {
                self.open_confirmed(link, &credentials, context, &attempt).await
            }
            Verification::Wrong(credentials, attempt) => {
                let until = self.refuse(user, &attempt, client).await?;
                Ok(match until {
                    Some(until) => Confirmation::Throttled(until),
                    None if !is_alive(link, &credentials.user) => Confirmation::LinkDead,
                    None if credentials.user.email_confirmed_at.is_some() => {
                        Confirmation::DoneBefore
                    }
                    None => Confirmation::WrongPassword,
                })
            }
        }
    }

    async fn open_confirmed(
        &self,
        link: &ConfirmLink,
        Credentials { user, password_hash }: &Credentials,
        context: &LoginContext,
        attempt: &Attempt,
    ) -> Result<Confirmation, AccountsError> {
        let (verified_hash, user_id) = (password_hash, user.id);
        // Opening the link has just proved access to the mailbox.
        let notice = match user.email_confirmed_at {
            Some(_) => self.new_login_notice(user, &context.client).await?,
            None => None,
        };
        let notice = notice.as_ref();
        let login = NewLogin { user_id, verified_hash, password_hash, context, attempt, notice };
        let proof = EmailProof::Given(&link.email);
        let session = |role| self.new_session(user_id, role, context);
        let Some(outcome) = self.store.log_in(login, proof, session).await? else {
            // The password or the account has changed since.
            let is_alive = self.user_of(link).await?.is_some();
            return Ok(if is_alive { Confirmation::WrongPassword } else { Confirmation::LinkDead });
        };
        log_outcome(&outcome, Some(user_id), &context.client.address);
        Ok(match outcome {
            LogIn::Granted(session) => {
                if user.email_confirmed_at.is_none() {
                    audit::email_confirmed(user_id, &context.client.address);
                }
                Confirmation::LoggedIn(session)
            }
            LogIn::Repeated(session) => Confirmation::LoggedIn(session),
            LogIn::Throttled(until) => Confirmation::Throttled(until),
            LogIn::Disabled => Confirmation::LinkDead,
            LogIn::Refused => Confirmation::WrongPassword,
        })
    }
}

fn is_alive(link: &ConfirmLink, user: &User) -> bool {
    user.email == link.email && user.disabled_at.is_none()
}
