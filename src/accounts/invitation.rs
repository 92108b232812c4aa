//! Invitations: people sign up with the link from the mail.

use super::{error::AccountsError, service::Accounts};
use crate::{
    audit,
    db::{LoginContext, NewUser, REPEAT_TIME},
    domain::{
        Actor, Email, Invitation, InvitationLink, Mail, MailContent, Password, Role, SignUp, UserId,
    },
    telemetry,
};

impl Accounts {
    /// Queues an invitation to an address that has no account.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn invite(
        &self,
        email: &Email,
        role: Role,
        by: &Actor,
    ) -> Result<Invitation, AccountsError> {
        if self.store.user_by_email(email).await?.is_some() {
            return Ok(Invitation::HasAccount);
        }
        let content = MailContent::Invitation { role };
        let mail = Mail { to: email.clone(), user_id: None, content };
        self.store.queue_mail(&mail).await?;
        audit::invited(role, &by.in_log());
        Ok(Invitation::Done)
    }

    /// Whether an invitation can still be used.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn is_invitation_open(&self, link: &InvitationLink) -> Result<bool, AccountsError> {
        let has_account = self.store.user_by_email(&link.email).await?.is_some();
        Ok(!has_account && !self.store.is_invitation_over(link).await?)
    }

    /// Creates the account of an invitation and logs in. The link has proved the address.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. No account is created then.
    pub async fn sign_up_invited(
        &self,
        link: &InvitationLink,
        password: &Password,
        context: &LoginContext,
    ) -> Result<SignUp, AccountsError> {
        if !self.is_invitation_open(link).await? {
            return self.repeat_invited(link, password, context).await;
        }
        let InvitationLink { email, role, .. } = link;
        if let Err(rejected) = self.validate(password, email).await? {
            return Ok(SignUp::Rejected(rejected));
        }
        let password_hash = &self.hashing.hash(password).await?;
        let id = UserId::random();
        let session = self.new_session(id, *role, context)?;
        let user = NewUser { id, email, password_hash, role: *role };
        let outcome = self.store.sign_up_invited(user, link, session, context).await?;
        match &outcome {
            SignUp::Done(session) => {
                telemetry::signed_up();
                audit::signed_up(id, session.id, &context.client.address);
                Ok(outcome)
            }
            _ => self.repeat_invited(link, password, context).await,
        }
    }

    /// The invitation was used: perhaps by this same form, a moment ago. Later it is no way to log in.
    async fn repeat_invited(
        &self,
        link: &InvitationLink,
        password: &Password,
        context: &LoginContext,
    ) -> Result<SignUp, AccountsError> {
        let now = self.clock.now();
        let user = self.store.user_by_email(&link.email).await?;
        let is_repeat = user.is_some_and(|user| now.since(user.created_at) < REPEAT_TIME)
            && self.store.is_link_used(&link.id).await?;
        if is_repeat {
            let outcome = self.log_in_instead(&link.email, password, context, || None).await?;
            if let SignUp::Done(_) = outcome {
                return Ok(outcome);
            }
        }
        Ok(SignUp::InvitationUsed)
    }
}
