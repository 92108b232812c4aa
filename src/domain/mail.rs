//! Mails as they wait in the outbox: what they tell, and to whom. None holds a token: a link is sealed when
//! the mail is sent.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use waxseal_session::Timestamp;

use super::{
    email::Email,
    link::{ChangeEmailLink, ConfirmLink, InvitationLink, Link, ResetLink, UndoEmailLink},
    user::{Role, UserId},
};

/// How long a notice is useful: 2 days.
const NOTICE_VALIDITY: Duration = Duration::from_secs(2 * 86_400);

/// A mail to send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mail {
    /// The recipient.
    pub to: Email,
    /// The user it is about; `None` if the request only named an address.
    pub user_id: Option<UserId>,
    /// What it tells.
    pub content: MailContent,
}

/// What a mail tells. Stored by kind, and the rest as JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all = "kebab-case")]
pub enum MailContent {
    /// A link to choose a new password, if the address has an account.
    Reset,
    /// The answer to a sign-up whose address must be confirmed: the link, or word of the account that the
    /// address has.
    SignUp,
    /// A link to confirm the address.
    Confirm,
    /// To the new address: a link to confirm a change of address.
    ChangeEmail,
    /// To the old address: someone asked for a change of address.
    EmailChangeRequested {
        /// The new address.
        new: Email,
        /// Who asked.
        act: MailedAct,
    },
    /// To the old address: the address has changed, and a link to undo it.
    EmailChanged {
        /// The new address.
        new: Email,
        /// [`User::email_version`](super::User::email_version) after the change.
        version: i64,
        /// Who changed it.
        act: MailedAct,
    },
    /// The password has changed.
    PasswordChanged {
        /// Whether by a link from a mail, without the current password.
        by_link: bool,
        /// Who changed it.
        act: MailedAct,
    },
    /// A log-in from a network and a browser never seen before.
    NewLogin {
        /// The log-in.
        act: MailedAct,
    },
    /// The account has been deleted.
    AccountDeleted {
        /// Who deleted it.
        act: MailedAct,
    },
    /// An invitation to sign up.
    Invitation {
        /// The role of the account.
        role: Role,
    },
}

/// When something was done, and from where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailedAct {
    /// The time.
    pub at: Timestamp,
    /// From where; `None` for an act of an administrator.
    pub from: Option<MailedClient>,
}

/// A client, as a mail names it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MailedClient {
    /// The IP address.
    pub address: String,
    /// The `User-Agent` header.
    pub user_agent: String,
}

impl MailContent {
    /// The name of every kind.
    pub const KINDS: [&str; 10] = [
        "reset",
        "sign-up",
        "confirm",
        "change-email",
        "email-change-requested",
        "email-changed",
        "password-changed",
        "new-login",
        "account-deleted",
        "invitation",
    ];

    /// The name of the kind.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Reset => "reset",
            Self::SignUp => "sign-up",
            Self::Confirm => "confirm",
            Self::ChangeEmail => "change-email",
            Self::EmailChangeRequested { .. } => "email-change-requested",
            Self::EmailChanged { .. } => "email-changed",
            Self::PasswordChanged { .. } => "password-changed",
            Self::NewLogin { .. } => "new-login",
            Self::AccountDeleted { .. } => "account-deleted",
            Self::Invitation { .. } => "invitation",
        }
    }

    /// Whether someone asked for it who may be a stranger to the address: only so many are sent, and one
    /// waits at a time.
    pub fn is_on_request(&self) -> bool {
        match self {
            Self::Reset
            | Self::SignUp
            | Self::Confirm
            | Self::ChangeEmail
            | Self::Invitation { .. } => true,
            Self::EmailChangeRequested { .. }
            | Self::EmailChanged { .. }
            | Self::PasswordChanged { .. }
            | Self::NewLogin { .. }
            | Self::AccountDeleted { .. } => false,
        }
    }

    /// Whether it only tells of something: `MAIL_NOTIFY=off` leaves it out.
    pub fn is_notice(&self) -> bool {
        match self {
            // Otherwise it has the link that undoes it.
            Self::EmailChanged { act, .. } => act.from.is_none(),
            Self::EmailChangeRequested { .. }
            | Self::PasswordChanged { .. }
            | Self::NewLogin { .. }
            | Self::AccountDeleted { .. } => true,
            Self::Reset
            | Self::SignUp
            | Self::Confirm
            | Self::ChangeEmail
            | Self::Invitation { .. } => false,
        }
    }

    /// How long after the request it is useful. Later, it is not sent.
    pub fn validity(&self) -> Duration {
        match self {
            Self::Reset => ResetLink::VALIDITY,
            Self::SignUp | Self::Confirm => ConfirmLink::VALIDITY,
            Self::ChangeEmail => ChangeEmailLink::VALIDITY,
            Self::EmailChanged { .. } => UndoEmailLink::VALIDITY,
            Self::Invitation { .. } => InvitationLink::VALIDITY,
            Self::EmailChangeRequested { .. }
            | Self::PasswordChanged { .. }
            | Self::NewLogin { .. }
            | Self::AccountDeleted { .. } => NOTICE_VALIDITY,
        }
    }
}

/// What mails are sent of by themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MailPolicy {
    /// Whether mail is sent at all.
    pub is_sent: bool,
    /// Whether development shows the mails on `/dev/mails`.
    pub is_shown: bool,
    /// Whether people are told of what happened to their account.
    pub notifies: bool,
    /// Whether addresses are confirmed.
    pub confirmation: EmailConfirmation,
}

/// Whether the owner of an account must prove the email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EmailConfirmation {
    /// No one is asked.
    #[default]
    Off,
    /// Sign-up logs in, and asks to confirm.
    Optional,
    /// No one logs in before.
    Required,
}
