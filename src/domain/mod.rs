//! The domain types: users, passwords and roles, and the outcome of each operation on an account. SQL,
//! accounts, pages and the command line all use them.
//!
//! Pages and commands parse input into these types, so the layers below never see invalid input.

mod actor;
mod email;
mod form_id;
mod link;
mod look_alike;
mod mail;
mod outcomes;
mod password;
mod password_hash;
mod sign_up_policy;
mod user;

pub use actor::Actor;
pub use email::{Email, InvalidEmail};
pub use form_id::FormId;
pub use link::{ChangeEmailLink, ConfirmLink, InvitationLink, Link, ResetLink, UndoEmailLink};
pub use mail::{EmailConfirmation, Mail, MailContent, MailPolicy, MailedAct, MailedClient};
pub use outcomes::{
    AccountDeletion, Confirmation, Disabling, EmailChange, EmailChangeRequest, EmailSetting,
    EmailUndo, Enabling, Invitation, LogIn, NewAccount, PasswordChange, PasswordReset,
    PasswordSetting, Revocation, RoleChange, SignUp, StepUp,
};
pub use password::{Password, PasswordRejected};
pub use password_hash::{HashDigest, PasswordHash};
pub use sign_up_policy::SignUpPolicy;
pub use user::{Role, UnknownRole, User, UserId};
