//! Accounts: who may log in, and how that is checked.
//!
//! What people can get wrong comes back as a value ([`SignUp`], [`LogIn`]); only faults are errors.
//! Whatever changes an account or ends a session is written to the [`audit`](crate::audit) log here,
//! with who did it ([`Actor`]).

mod account;
mod admin;
mod argon2id;
mod error;
mod hashing;
mod history;
mod identity;
mod login;
mod paging;
mod password_policy;
mod service;
mod sessions;
mod strength;
#[cfg(test)]
mod testing;
mod throttle;

pub use crate::{
    db::{Client, Health, LoginContext, Outcome, SessionDetails, SessionInfo},
    domain::{
        AccountDeletion, Actor, Email, InvalidEmail, LogIn, NewAccount, Password, PasswordChange,
        PasswordRejected, Revocation, Role, RoleChange, SignUp, UnknownRole, User, UserId,
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
pub use throttle::network;
