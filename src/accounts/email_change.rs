//! Changing one's own email address, with a link that goes to the new one.

use waxseal_session::{RevocationStatus, SessionId, SessionRecord, SessionStore, State, Timestamp};

use super::{error::AccountsError, service::Accounts};
use crate::{
    audit,
    db::{Client, Credentials, LoginContext, NewEmail, email_session_id},
    domain::{ChangeEmailLink, Email, EmailChange, EmailChangeRequest, Mail, MailContent, User},
};

impl Accounts {
    /// Queues the mail with the link. It does not look whether the new address has an account: the mailer does,
    /// later, so neither the answer nor its time tells. If people are told, the address so far gets word.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn request_email_change(
        &self,
        user: &User,
        new: &Email,
        client: &Client,
    ) -> Result<EmailChangeRequest, AccountsError> {
        if user.email == *new {
            return Ok(EmailChangeRequest::SameAddress);
        }
        let mail =
            Mail { to: new.clone(), user_id: Some(user.id), content: MailContent::ChangeEmail };
        let (new, act) = (new.clone(), self.act_of(client));
        let notice = self.notice(user, MailContent::EmailChangeRequested { new, act });
        self.store.queue_with_notice(&mail, notice.as_ref()).await?;
        audit::email_change_requested(user.id, &client.address);
        Ok(EmailChangeRequest::Done)
    }

    /// Whether a link can still change the address.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn is_email_change_open(
        &self,
        link: &ChangeEmailLink,
    ) -> Result<bool, AccountsError> {
        let credentials = self.store.credentials(link.user).await?;
        Ok(credentials.is_some_and(|credentials| is_open(link, &credentials)))
    }

    /// Changes the address of a signed-in user. Ends all of their sessions and opens a new one with this state; its
    /// `auth_time` stays, because the link does not prove who they are. The same link used twice in one session
    /// changes it once, and both get the new session.
    ///
    /// # Errors
    ///
    /// If the database fails. Nothing changes then.
    pub async fn change_email(
        &self,
        link: &ChangeEmailLink,
        context: &LoginContext,
        (auth_time, state): (Timestamp, State),
    ) -> Result<EmailChange, AccountsError> {
        let Some(credentials) = self.store.credentials(link.user).await? else {
            return Ok(EmailChange::LinkUsed);
        };
        if !is_open(link, &credentials) {
            return self.repeat_or_refuse_email(link, context).await;
        }
        let act = self.mail.is_sent.then(|| self.act_of(&context.client));
        let verified_hash = &credentials.password_hash;
        let change = NewEmail { link, verified_hash, context, act };
        let outcome = self.store.change_email(change, self.renewed(link, auth_time, state)).await?;
        match &outcome {
            EmailChange::Done(session) => {
                audit::email_changed(link.user, session.id, &context.client.address);
            }
            EmailChange::LinkUsed | EmailChange::SessionEnded => {
                return self.repeat_or_refuse_email(link, context).await;
            }
            _ => {}
        }
        Ok(outcome)
    }

    fn renewed(&self, link: &ChangeEmailLink, auth_time: Timestamp, state: State) -> SessionRecord {
        let (policy, now) = (&self.expiry_policy, self.clock.now());
        SessionRecord {
            id: email_session_id(link).unwrap_or_else(SessionId::random),
            auth_time,
            expires_at: policy.expiry(auth_time, now),
            latest_expiry: policy.latest_expiry(auth_time),
            state,
        }
    }

    /// The link is used up: perhaps by itself, in this session or the one before it.
    async fn repeat_or_refuse_email(
        &self,
        link: &ChangeEmailLink,
        context: &LoginContext,
    ) -> Result<EmailChange, AccountsError> {
        let Some(asking) = &context.replaces else { return Ok(EmailChange::SessionEnded) };
        if let Some(session) = self.repeat_email_change(link, asking).await? {
            return Ok(EmailChange::Repeated(session));
        }
        let sessions = self.store.sessions();
        sessions.catch_up(asking).await?;
        if sessions.revocation_status(asking) != RevocationStatus::Active {
            return Ok(EmailChange::SessionEnded);
        }
        if email_session_id(link) == Some(*asking)
            && self.has_changed_email(link).await?
            && let Some(session) = sessions.load(asking).await?
        {
            return Ok(EmailChange::Repeated(session));
        }
        Ok(EmailChange::LinkUsed)
    }

    /// The session that a link has opened when it changed the address, for the one that it has replaced within the
    /// last minute: the answer was lost, or the second click came late.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn repeat_email_change(
        &self,
        link: &ChangeEmailLink,
        replaced: &SessionId,
    ) -> Result<Option<SessionRecord>, AccountsError> {
        if !self.has_changed_email(link).await? {
            return Ok(None);
        }
        let (opened, successor) = (email_session_id(link), self.successor(replaced).await?);
        Ok(successor.filter(|(first, _)| opened == Some(*first)).map(|(_, session)| session))
    }

    /// Whether the address is the one that a link has changed it to.
    async fn has_changed_email(&self, link: &ChangeEmailLink) -> Result<bool, AccountsError> {
        let user = self.store.user(link.user).await?;
        Ok(user
            .is_some_and(|user| user.email == link.new && user.email_version == link.version + 1))
    }
}

fn is_open(link: &ChangeEmailLink, Credentials { user, password_hash }: &Credentials) -> bool {
    user.email == link.old
        && user.email_version == link.version
        && user.disabled_at.is_none()
        && password_hash.digest() == link.password
}
