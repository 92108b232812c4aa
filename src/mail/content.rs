//! What each kind of mail says. It looks up now what has changed since the mail was queued, and seals the link
//! now: nothing of it is in the database.

use waxseal_session::{Clock, Keyring};

use super::{
    letter::{Button, Letter},
    render_error::RenderError,
    site::Site,
};
use crate::{
    db::{AccountStore, Credentials, QueuedMail},
    domain::{
        ChangeEmailLink, ConfirmLink, Email, InvitationLink, Link, MailContent, MailedAct,
        ResetLink, UndoEmailLink, User, UserId,
    },
    text::{times::date_and_time, user_agent},
};

/// What is needed to write a mail.
pub(super) struct Writer<'a> {
    pub(super) store: &'a AccountStore,
    pub(super) keyring: &'a Keyring,
    pub(super) clock: &'a Clock,
    pub(super) site: &'a Site,
}

impl Writer<'_> {
    /// The mail; `None` if there is nothing to say any more: no account has the address, or the act is done.
    pub(super) async fn letter(&self, queued: &QueuedMail) -> Result<Option<Letter>, RenderError> {
        let (to, user) = (&queued.to, queued.user_id);
        Ok(Some(match queued.content.as_ref().ok_or(RenderError::Unknown)? {
            MailContent::Reset => return self.reset(to).await,
            MailContent::SignUp => return self.sign_up(to).await,
            MailContent::Confirm => return self.confirm_again(to).await,
            MailContent::ChangeEmail => return self.change_email(to, user).await,
            MailContent::EmailChangeRequested { new, act } => self.change_requested(new, act),
            MailContent::EmailChanged { new, version, act } => {
                let Some(user) = user else { return Ok(None) };
                self.email_changed(user, to, new, *version, act)?
            }
            MailContent::PasswordChanged { by_link, act } => self.password_changed(*by_link, act),
            MailContent::NewLogin { act } => self.new_login(act),
            MailContent::AccountDeleted { act } => self.account_deleted(act),
            MailContent::Invitation { role } => {
                if self.store.user_by_email(to).await?.is_some() {
                    return Ok(None);
                }
                let (id, email) = (queued.id.to_string(), to.clone());
                let asked_at = queued.created_at;
                let link = InvitationLink { id, email, role: *role, asked_at };
                self.invitation(self.url(&link)?)
            }
        }))
    }

    async fn reset(&self, to: &Email) -> Result<Option<Letter>, RenderError> {
        let credentials = self.credentials(to).await?;
        credentials.map(|credentials| self.reset_letter(&credentials)).transpose()
    }

    fn reset_letter(&self, credentials: &Credentials) -> Result<Letter, RenderError> {
        let name = &self.site.name;
        Ok(Letter {
            subject: "Reset your password",
            paragraphs: vec![
                format!("Someone asked to reset the password of your account at {name}."),
                "If it was you, choose a new password. The link is valid for an hour and works once."
                    .to_owned(),
            ],
            button: Some(Button {
                label: "Choose a new password",
                url: self.url(&reset_link(credentials))?,
            }),
            closing: vec!["If it was not you, ignore this email: your password stays.".to_owned()],
            ..Letter::default()
        })
    }

    /// Alike to ask for, whether or not the address has an account.
    async fn sign_up(&self, to: &Email) -> Result<Option<Letter>, RenderError> {
        let Some(credentials) = self.credentials(to).await? else { return Ok(None) };
        if credentials.user.email_confirmed_at.is_none() {
            return Ok(Some(self.confirm(&credentials.user)?));
        }
        let name = &self.site.name;
        Ok(Some(Letter {
            subject: "You already have an account",
            paragraphs: vec![
                format!("Someone tried to sign up at {name} with your email address."),
                "You already have an account. If you forgot its password, choose a new one here. The \
                 link is valid for an hour and works once."
                    .to_owned(),
            ],
            button: Some(Button {
                label: "Choose a new password",
                url: self.url(&reset_link(&credentials))?,
            }),
            closing: vec!["If it was not you, ignore this email: nothing has changed.".to_owned()],
            ..Letter::default()
        }))
    }

    async fn confirm_again(&self, to: &Email) -> Result<Option<Letter>, RenderError> {
        let user = self.credentials(to).await?.map(|credentials| credentials.user);
        let user = user.filter(|user| user.email_confirmed_at.is_none());
        user.map(|user| self.confirm(&user)).transpose()
    }

    fn confirm(&self, user: &User) -> Result<Letter, RenderError> {
        let name = &self.site.name;
        let link = ConfirmLink { user: user.id, email: user.email.clone() };
        Ok(Letter {
            subject: "Confirm your email address",
            paragraphs: vec![
                format!("Someone signed up at {name} with this email address."),
                "If it was you, confirm the address. The link is valid for 3 days.".to_owned(),
            ],
            button: Some(Button { label: "Confirm the email address", url: self.url(&link)? }),
            closing: vec![
                "If it was not you, ignore this email. Without your confirmation the address is not \
                 theirs."
                    .to_owned(),
            ],
            ..Letter::default()
        })
    }

    async fn change_email(
        &self,
        to: &Email,
        user: Option<UserId>,
    ) -> Result<Option<Letter>, RenderError> {
        let Some(user) = user else { return Ok(None) };
        let Some(Credentials { user, password_hash }) = self.store.credentials(user).await? else {
            return Ok(None);
        };
        if user.email == *to || user.disabled_at.is_some() {
            return Ok(None);
        }
        if self.store.user_by_email(to).await?.is_some() {
            return Ok(Some(self.email_taken()));
        }
        let link = ChangeEmailLink {
            user: user.id,
            old: user.email,
            new: to.clone(),
            version: user.email_version,
            password: password_hash.digest(),
        };
        let name = &self.site.name;
        Ok(Some(Letter {
            subject: "Confirm your new email address",
            paragraphs: vec![
                format!("Someone asked to use this email address for their account at {name}."),
                "If it was you, confirm the change in the browser that you are logged in with. The link \
                 is valid for a day and works once."
                    .to_owned(),
            ],
            button: Some(Button { label: "Use this email address", url: self.url(&link)? }),
            closing: vec!["If it was not you, ignore this email: nothing changes.".to_owned()],
            ..Letter::default()
        }))
    }

    /// The person who asked for the change must not learn that the address has an account; its owner may.
    fn email_taken(&self) -> Letter {
        let name = &self.site.name;
        Letter {
            subject: "Your email address has an account already",
            paragraphs: vec![
                format!(
                    "Someone asked to use this email address for their account at {name}, but you \
                     already have an account with it."
                ),
                "Nothing has changed. If it was you, log in with this address, or delete the account \
                 that has it before you use it for another."
                    .to_owned(),
            ],
            ..Letter::default()
        }
    }

    fn change_requested(&self, new: &Email, act: &MailedAct) -> Letter {
        let name = &self.site.name;
        Letter {
            subject: "A change of your email address was requested",
            paragraphs: vec![
                format!(
                    "Someone asked to change the email address of your account at {name} to {new}."
                ),
                "It changes when the link that we sent there is opened.".to_owned(),
            ],
            details: details(act),
            closing: vec![
                "If it was not you, someone knows your password: log in and change it now."
                    .to_owned(),
            ],
            ..Letter::default()
        }
    }

    fn email_changed(
        &self,
        user: UserId,
        old: &Email,
        new: &Email,
        version: i64,
        act: &MailedAct,
    ) -> Result<Letter, RenderError> {
        let name = &self.site.name;
        if act.from.is_none() {
            return Ok(self.email_set(new, act));
        }
        let link = UndoEmailLink { user, old: old.clone(), new: new.clone(), version };
        Ok(Letter {
            subject: "Your email address has changed",
            paragraphs: vec![
                format!("The email address of your account at {name} is now {new}."),
                "If it was you, there is nothing to do.".to_owned(),
                "If it was not you, undo it within 7 days. That logs everyone out of your account, and \
                 sends you a link to choose a new password."
                    .to_owned(),
            ],
            button: Some(Button { label: "Undo the change", url: self.url(&link)? }),
            details: details(act),
            ..Letter::default()
        })
    }

    /// An administrator's change: the old address may no longer be the owner's, so it can't be undone from there.
    fn email_set(&self, new: &Email, act: &MailedAct) -> Letter {
        let name = &self.site.name;
        Letter {
            subject: "Your email address has changed",
            paragraphs: vec![
                format!("The email address of your account at {name} is now {new}."),
                "An administrator changed it.".to_owned(),
            ],
            details: details(act),
            closing: vec![format!(
                "If you did not ask for this, contact the people who run {name}."
            )],
            ..Letter::default()
        }
    }

    fn password_changed(&self, by_link: bool, act: &MailedAct) -> Letter {
        let (name, origin) = (&self.site.name, &self.site.origin);
        let how = if by_link { "reset by a link that we emailed you" } else { "changed" };
        Letter {
            subject: "Your password has changed",
            paragraphs: vec![
                format!("The password of your account at {name} was {how}."),
                "If it was you, there is nothing to do.".to_owned(),
            ],
            details: details(act),
            closing: vec![format!(
                "If it was not you, choose a new password at {origin}/forgot. That logs everyone out."
            )],
            ..Letter::default()
        }
    }

    fn new_login(&self, act: &MailedAct) -> Letter {
        let (name, origin) = (&self.site.name, &self.site.origin);
        Letter {
            subject: "A new log-in to your account",
            paragraphs: vec![
                format!(
                    "Someone logged in to your account at {name} from a network and a browser that you \
                     have not used before."
                ),
                "If it was you, there is nothing to do.".to_owned(),
            ],
            details: details(act),
            closing: vec![format!(
                "If it was not you, choose a new password at {origin}/forgot. That logs everyone out."
            )],
            ..Letter::default()
        }
    }

    fn account_deleted(&self, act: &MailedAct) -> Letter {
        let name = &self.site.name;
        Letter {
            subject: "Your account has been deleted",
            paragraphs: vec![format!(
                "Your account at {name} has been deleted, with its sessions and its log-in history."
            )],
            details: details(act),
            closing: vec![format!(
                "If you did not ask for this, contact the people who run {name}."
            )],
            ..Letter::default()
        }
    }

    fn invitation(&self, url: String) -> Letter {
        let name = &self.site.name;
        Letter {
            subject: "You are invited",
            paragraphs: vec![
                format!("You are invited to {name}."),
                "Choose a password to create your account. The link is valid for 7 days and works once."
                    .to_owned(),
            ],
            button: Some(Button { label: "Create your account", url }),
            closing: vec!["If you did not expect this, ignore this email.".to_owned()],
            ..Letter::default()
        }
    }

    /// The account that the address has, unless it is disabled.
    async fn credentials(&self, email: &Email) -> Result<Option<Credentials>, RenderError> {
        let credentials = self.store.credentials_by_email(email).await?;
        Ok(credentials.filter(|credentials| credentials.user.disabled_at.is_none()))
    }

    /// A link, on the site that the settings name, whatever the request said.
    fn url<L: Link>(&self, link: &L) -> Result<String, RenderError> {
        let token = link.seal(self.keyring, self.clock)?;
        Ok(format!("{}{}?t={token}", self.site.origin, L::PATH))
    }
}

fn reset_link(Credentials { user, password_hash }: &Credentials) -> ResetLink {
    ResetLink { user: user.id, email: user.email.clone(), password: password_hash.digest() }
}

fn details(MailedAct { at, from }: &MailedAct) -> Vec<(&'static str, String)> {
    let mut details = vec![("Time", date_and_time(*at))];
    match from {
        Some(client) => {
            details.push(("Browser", user_agent::describe(&client.user_agent).to_string()));
            details.push(("IP address", client.address.clone()));
        }
        None => details.push(("By", "an administrator".to_owned())),
    }
    details
}
