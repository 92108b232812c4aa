//! Accounts: who may log in, and how it is found out.
//!
//! [`Email`] and [`Password`] are parsed at the door, so nothing below it meets bad input; what
//! people can get wrong comes back as a value ([`SignUp`], [`LogIn`]), and only faults are
//! errors.

mod admin;
mod argon2id;
#[cfg(test)]
mod by_hand;
mod email;
mod error;
mod hashing;
mod history;
mod login;
mod own_account;
mod paging;
mod password;
mod sessions;
mod shared;
mod strength;
mod throttle;
mod user;

pub use crate::storage::{Client, Health, ListedSession, Outcome, SessionTrace};
pub use admin::{Change, NewAccount, UserSummary};
pub use email::{Email, InvalidEmail};
pub use error::AccountsError;
pub use hashing::{Hashing, HashingError};
pub use history::LoginEvent;
pub use login::{Arrival, LogIn, SignUp};
pub use own_account::{AccountDeletion, PasswordChange};
pub use paging::{Page, PageNumber};
pub use password::{Password, PasswordPolicy, UnfitPassword};
pub use sessions::{OpenSession, Revocation};
pub use shared::Accounts;
pub use throttle::network;
pub use user::{Identity, Role, UnknownRole, User, UserId};
