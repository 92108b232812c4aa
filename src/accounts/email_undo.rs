//! Undoing a change of email address, with a link sent to the previous address. It locks out the person who made
//! the change: the sessions end, and the password becomes one that no one knows.

use waxseal_session::Secret;

use super::{error::AccountsError, service::Accounts, throttle::fingerprint};
use crate::{
    audit,
    db::{Client, UndoneEmail},
    domain::{EmailUndo, Password, UndoEmailLink, User},
};

impl Accounts {
    /// Whether a link can still undo the change.
    ///
    /// # Errors
    ///
    /// If the database fails.
    pub async fn is_email_undo_open(&self, link: &UndoEmailLink) -> Result<bool, AccountsError> {
        let user = self.store.user(link.user).await?;
        Ok(user.is_some_and(|user| is_open(link, &user)))
    }

    /// Undoes a change of address. A link to choose a new password goes to the address.
    ///
    /// # Errors
    ///
    /// If the database fails or the hashing queue is full. Nothing changes then.
    pub async fn undo_email_change(
        &self,
        link: &UndoEmailLink,
        client: &Client,
    ) -> Result<EmailUndo, AccountsError> {
        let Some(user) = self.store.user(link.user).await? else { return Ok(EmailUndo::LinkUsed) };
        if !is_open(link, &user) {
            return Ok(repeated(link, &user));
        }
        let Ok(password) = Password::parse(Secret::generate().expose()) else {
            return Ok(EmailUndo::LinkUsed);
        };
        let undone = UndoneEmail {
            link,
            password_hash: &self.hashing.hash(&password).await?,
            failures_of: fingerprint(&link.old),
            act: self.mail.is_sent.then(|| self.act_of(client)),
        };
        let outcome = self.store.undo_email_change(undone).await?;
        match outcome {
            EmailUndo::Done => audit::email_change_undone(link.user, &client.address),
            EmailUndo::LinkUsed => {
                let user = self.store.user(link.user).await?;
                return Ok(user.map_or(outcome, |user| repeated(link, &user)));
            }
            _ => {}
        }
        Ok(outcome)
    }
}

fn is_open(link: &UndoEmailLink, user: &User) -> bool {
    user.email == link.new && user.email_version == link.version
}

/// The link is used up: perhaps by itself. What it did is still so.
fn repeated(link: &UndoEmailLink, user: &User) -> EmailUndo {
    if user.email == link.old && user.email_version == link.version + 1 {
        EmailUndo::Repeated
    } else {
        EmailUndo::LinkUsed
    }
}
