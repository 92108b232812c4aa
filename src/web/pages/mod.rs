//! The pages, a file each. A handler parses its form, calls `accounts` once, and answers with the
//! page or a 303.

pub(super) mod account_deletion;
pub(super) mod admin_acts;
pub(super) mod admin_user;
pub(super) mod admin_users;
pub(super) mod api;
pub mod assets;
mod change_email_link;
pub(super) mod change_password;
pub(super) mod confirm;
pub(super) mod confirm_again;
pub(super) mod confirm_email;
mod confirm_signup;
mod credentials;
pub mod dev_mails;
pub(super) mod email_change;
pub(super) mod forgot;
pub(super) mod health;
pub(super) mod home;
pub(super) mod invitation;
mod invited;
pub(super) mod login;
pub(super) mod login_history;
pub(super) mod logout;
mod mail_sent;
pub(super) mod password_change;
pub(super) mod profile;
pub(super) mod reset;
pub(super) mod session_revocation;
pub(super) mod sessions;
pub(super) mod signup;
pub(super) mod undo_email;
