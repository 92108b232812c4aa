//! Accounts: sign-up, log-in, password checks, and the management of users and their sessions.
//!
//! Expected outcomes are values ([`SignUp`], [`LogIn`]); only failures are errors. This module writes
//! the [`audit`](crate::audit) line, with the [`Actor`], for every log-in and every change it makes. A
//! log-out is the session middleware's work; the web layer writes its line.

mod account_deletion;
mod admin;
mod argon2id;
mod confirmation;
mod email_change;
mod email_undo;
mod error;
mod hashing;
mod history;
mod identity;
mod invitation;
mod login;
mod notices;
mod operators;
mod paging;
mod password_change;
mod password_policy;
mod password_reset;
mod reauthentication;
mod service;
mod sessions;
mod step_up;
mod strength;
#[cfg(test)]
mod testing;
mod throttle;

pub use crate::{
    db::{Client, DatabaseStatus, Health, LoginContext, Outcome, SessionDetails, SessionInfo},
    domain::{
        AccountDeletion, Actor, ChangeEmailLink, ConfirmLink, Confirmation, Disabling, Email,
        EmailChange, EmailChangeRequest, EmailConfirmation, EmailSetting, EmailUndo, Enabling,
        FormId, InvalidEmail, Invitation, InvitationLink, Link, LogIn, MailPolicy, NewAccount,
        Password, PasswordChange, PasswordRejected, PasswordReset, PasswordSetting, ResetLink,
        Revocation, Role, RoleChange, SignUp, SignUpPolicy, StepUp, UndoEmailLink, UnknownRole,
        User, UserId,
    },
};
pub use admin::UserSummary;
pub use error::AccountsError;
pub use hashing::{Hashing, HashingError};
pub use history::LoginEvent;
pub use identity::Identity;
pub use paging::{Page, PageNumber};
pub use password_policy::PasswordPolicy;
pub use service::Accounts;
pub use sessions::{FoundSession, ListedSession};
pub use throttle::client_network;
