//! Accounts: who may log in, and how it is found out.
//!
//! [`Email`] and [`Password`] are parsed at the door, so nothing below it meets bad input; what
//! people can get wrong comes back as a value ([`SignUp`], [`LogIn`]), and only faults are
//! errors.

mod account;
mod admin;
mod argon2id;
mod email;
mod error;
mod hashing;
mod history;
mod login;
mod paging;
mod password;
mod service;
mod sessions;
mod strength;
#[cfg(test)]
mod testing;
mod throttle;
mod user;

pub use crate::db::{Client, Health, ListedSession, Outcome, SessionTrace};
pub use account::{AccountDeletion, PasswordChange};
pub use admin::{Change, NewAccount, UserSummary};
pub use email::{Email, InvalidEmail};
pub use error::AccountsError;
pub use hashing::{Hashing, HashingError};
pub use history::LoginEvent;
pub use login::{LogIn, LoginContext, SignUp};
pub use paging::{Page, PageNumber};
pub use password::{Password, PasswordPolicy, PasswordRejected};
pub use service::Accounts;
pub use sessions::{OpenSession, Revocation};
pub use throttle::network;
pub use user::{Identity, Role, UnknownRole, User, UserId};
