//! Mails that tell people what happened to their account.

use super::{error::AccountsError, service::Accounts, throttle::client_network};
use crate::{
    db::Client,
    domain::{Mail, MailContent, MailedAct, MailedClient, User},
};

impl Accounts {
    /// A notice to a user; `None` if people are not told.
    pub(super) fn notice(&self, user: &User, content: MailContent) -> Option<Mail> {
        let mail = || Mail { to: user.email.clone(), user_id: Some(user.id), content };
        self.mail.notifies.then(mail)
    }

    /// The notice of a log-in from a network and a browser never seen before, as far as the history goes back.
    pub(super) async fn new_login_notice(
        &self,
        user: &User,
        client: &Client,
    ) -> Result<Option<Mail>, AccountsError> {
        if !self.mail.notifies {
            return Ok(None);
        }
        let network = client_network(&client.address);
        let is_familiar = self.store.has_used_browser(user.id, &client.user_agent).await?
            || self.has_logged_in_from(Some(user.id), &network).await?;
        let content = MailContent::NewLogin { act: self.act_of(client) };
        Ok(if is_familiar { None } else { self.notice(user, content) })
    }

    /// The notice of an account's deletion. It does not name the user, whose mails are deleted.
    pub(super) fn deletion_notice(&self, user: &User, act: MailedAct) -> Option<Mail> {
        let notice = self.notice(user, MailContent::AccountDeleted { act });
        notice.map(|notice| Mail { user_id: None, ..notice })
    }

    /// An act from this client, now.
    pub(super) fn act_of(&self, Client { address, user_agent }: &Client) -> MailedAct {
        let client = MailedClient { address: address.clone(), user_agent: user_agent.clone() };
        MailedAct { at: self.clock.now(), from: Some(client) }
    }

    /// An act of an administrator, now.
    pub(super) fn act_of_admin(&self) -> MailedAct {
        MailedAct { at: self.clock.now(), from: None }
    }
}
