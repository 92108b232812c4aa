//! How each act on an account can end: one enum an act, from SQL up to the page.

use waxseal_session::{SessionRecord, Timestamp};

use super::{password::PasswordRejected, user::UserId};

/// How a sign-up ended.
#[derive(Debug)]
pub enum SignUp {
    /// The account is there, and its first session is open.
    Done(SessionRecord),
    /// There is an account with this address already.
    EmailTaken,
    /// The password is not taken.
    Rejected(PasswordRejected),
}

/// How adding a user ended.
#[derive(Debug)]
pub enum NewAccount {
    /// The account is there.
    Done(UserId),
    /// There is an account with this address already.
    EmailTaken,
    /// The password is not taken.
    Rejected(PasswordRejected),
}

/// How a log-in ended.
#[derive(Debug)]
pub enum LogIn {
    /// The session is open.
    Granted(SessionRecord),
    /// There is no account with this address and this password.
    Refused,
    /// Too many wrong passwords came before this one, which was not looked at. Until then.
    Throttled(Timestamp),
}

/// How a change of password ended.
#[derive(Debug)]
pub enum PasswordChange {
    /// It is changed. The other sessions have ended; this is the one that goes on.
    Done(SessionRecord),
    /// The current password is another one.
    WrongPassword,
    /// The new password is not taken.
    Rejected(PasswordRejected),
    /// The session has ended meanwhile; nothing was changed.
    SessionOver,
    /// Too many wrong passwords came before. Until then.
    Throttled(Timestamp),
}

/// How a change of role ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleChange {
    /// The user has the role. If it is another one than before, the user's sessions have ended.
    Done,
    /// There is no such user.
    NoSuchUser,
    /// It is the last administrator; nothing was changed.
    LastAdmin,
}

/// How the deletion of an account ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountDeletion {
    /// The account, its log-in history and its sessions are gone.
    Done,
    /// There is no such user.
    NoSuchUser,
    /// The password is another one.
    WrongPassword,
    /// It is the last administrator; nothing was changed.
    LastAdmin,
    /// Too many wrong passwords came before. Until then.
    Throttled(Timestamp),
}

/// How revoking a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// It has ended.
    Done,
    /// It had ended or expired before.
    OverAlready,
    /// There is no such session, or its row is deleted already.
    NoSuchSession,
}
