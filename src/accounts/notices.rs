//! Mails that tell people what happened to their account.

use super::service::Accounts;
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
