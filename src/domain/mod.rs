//! Users, passwords and roles as types, and how each act on an account can end: what SQL, accounts,
//! the pages and the command line all speak of.
//!
//! What is typed is parsed into these types at the door, so nothing below meets bad input.

mod actor;
mod email;
mod outcomes;
mod password;
mod password_hash;
mod user;

pub use actor::Actor;
pub use email::{Email, InvalidEmail};
pub use outcomes::{
    AccountDeletion, LogIn, NewAccount, PasswordChange, Revocation, RoleChange, SignUp,
};
pub use password::{Password, PasswordRejected};
pub use password_hash::PasswordHash;
pub use user::{Role, UnknownRole, User, UserId};
