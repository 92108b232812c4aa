//! The outcomes of operations on accounts: one enum per operation, used from SQL up to the pages.

use std::time::Duration;

use waxseal_session::{SessionRecord, Timestamp};

use super::{password::PasswordRejected, user::UserId};

/// The outcome of a sign-up.
#[derive(Debug)]
pub enum SignUp {
    /// The account exists, and a session is open. So it is for a sign-up that is repeated within a minute,
    /// with a double click for example.
    Done(SessionRecord),
    /// The account existed before, and the password is right: a session is open.
    LoggedIn(SessionRecord),
    /// The address has an account with another password.
    EmailTaken,
    /// The address has an account that is disabled, and the password is right.
    Disabled,
    /// The address has an account, and the password was not checked, after too many wrong ones. Attempts
    /// have to wait until then.
    Throttled(Timestamp),
    /// The address has an account, and the password was not checked: its network has to wait this long.
    Limited(Duration),
    /// The password does not meet the policy.
    Rejected(PasswordRejected),
    /// Where addresses must be confirmed: a mail is on its way, whether or not the address has an account.
    Requested,
    /// The invitation was used, or its address has an account by now.
    InvitationUsed,
}

/// The outcome of inviting someone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Invitation {
    /// The mail is queued.
    Done,
    /// The address has an account.
    HasAccount,
}

/// The outcome of adding a user.
#[derive(Debug)]
pub enum NewAccount {
    /// The account exists.
    Done(UserId),
    /// Another account has this address.
    EmailTaken,
    /// The password does not meet the policy.
    Rejected(PasswordRejected),
}

/// The outcome of a log-in.
#[derive(Debug)]
pub enum LogIn {
    /// The session is open.
    Granted(SessionRecord),
    /// The same form has opened this session a moment ago.
    Repeated(SessionRecord),
    /// Wrong password, or no account with this address.
    Refused,
    /// The password was not checked, after too many wrong ones. Attempts have to wait until then.
    Throttled(Timestamp),
    /// The password is right, but the account is disabled.
    Disabled,
}

/// The outcome of a change of password.
#[derive(Debug)]
pub enum PasswordChange {
    /// The password was changed. All previous sessions have ended; this is the new one.
    Done(SessionRecord),
    /// The same form has changed the password a moment ago; this is the session since.
    Repeated(SessionRecord),
    /// The current password is wrong.
    WrongPassword,
    /// The new password does not meet the policy.
    Rejected(PasswordRejected),
    /// The session had already ended. Nothing was changed.
    SessionEnded,
    /// The password was not checked, after too many wrong ones. Attempts have to wait until then.
    Throttled(Timestamp),
}

/// The outcome of a step-up: entering the password again.
#[derive(Debug)]
pub enum StepUp {
    /// The password is right: the session was renewed. This is the new one.
    Done(SessionRecord),
    /// The same form has opened this session a moment ago.
    Repeated(SessionRecord),
    /// The password is wrong.
    WrongPassword,
    /// The session had already ended. No other was opened.
    SessionEnded,
    /// The password was not checked, after too many wrong ones. Attempts have to wait until then.
    Throttled(Timestamp),
}

/// The outcome of setting a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleChange {
    /// The user has another role now, and the user's sessions have ended.
    Done,
    /// The user already had this role.
    Unchanged,
    /// There is no such user.
    NoSuchUser,
    /// The user is the last administrator. Nothing was changed.
    LastAdmin,
}

/// The outcome of deleting an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountDeletion {
    /// The account and its log-in history are deleted, and its sessions have ended.
    Done,
    /// There is no such user.
    NoSuchUser,
    /// The password is wrong.
    WrongPassword,
    /// The user is the last administrator. Nothing was changed.
    LastAdmin,
    /// The password was not checked, after too many wrong ones. Attempts have to wait until then.
    Throttled(Timestamp),
}

/// The outcome of resetting a password with a link.
#[derive(Debug)]
pub enum PasswordReset {
    /// The password is set, and all sessions have ended.
    Done,
    /// The link has set this password already: the form was sent twice.
    Repeated,
    /// The link is used up: the password or the address has changed, or the account is gone or disabled.
    LinkUsed,
    /// The new password does not meet the policy.
    Rejected(PasswordRejected),
}

/// The outcome of asking for a change of email address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailChangeRequest {
    /// A link goes to the new address, unless that is one mail too many. Whether the address has an account is
    /// not told.
    Done,
    /// It is the user's address already.
    SameAddress,
}

/// The outcome of changing an email address with a link.
#[derive(Debug)]
pub enum EmailChange {
    /// The address is changed. All previous sessions have ended; this is the new one.
    Done(SessionRecord),
    /// The link has changed it already, in this session or the one before it.
    Repeated(SessionRecord),
    /// The link has changed it already, in another session that has ended this one.
    SessionEnded,
    /// The new address has another account by now.
    EmailTaken,
    /// The link is used up: the address or the password has changed, or the account is gone or disabled.
    LinkUsed,
}

/// The outcome of undoing a change of email address with a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailUndo {
    /// The address is the one before, all sessions have ended, and a link to choose a password is on its way.
    Done,
    /// The link has done so already.
    Repeated,
    /// The address before has another account by now.
    EmailTaken,
    /// The link is used up: the address has changed since, or the account is gone.
    LinkUsed,
}

/// The outcome of confirming an address with a link.
#[derive(Debug)]
pub enum Confirmation {
    /// The address is confirmed, and was perhaps before.
    Done,
    /// So it is, and the password was right: a session is open.
    LoggedIn(SessionRecord),
    /// The address was confirmed before, and the password is wrong.
    DoneBefore,
    /// The address is not confirmed: the password is wrong.
    WrongPassword,
    /// The password was not checked, after too many wrong ones. Attempts have to wait until then.
    Throttled(Timestamp),
    /// The account has another address by now, is disabled, or gone.
    LinkDead,
}

/// The outcome of setting another user's password.
#[derive(Debug)]
pub enum PasswordSetting {
    /// The password is set, and the user's sessions have ended.
    Done,
    /// There is no such user.
    NoSuchUser,
    /// The password does not meet the policy.
    Rejected(PasswordRejected),
}

/// The outcome of setting another user's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EmailSetting {
    /// The user has another address now, which is confirmed, and the user's sessions have ended.
    Done,
    /// The user already had this address; it is confirmed now.
    Unchanged,
    /// There is no such user.
    NoSuchUser,
    /// Another account has this address, or can go back to it. Nothing was changed.
    EmailTaken,
}

/// The outcome of disabling an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Disabling {
    /// No one logs in to the account any more, and its sessions have ended.
    Done,
    /// It was disabled before.
    Unchanged,
    /// There is no such user.
    NoSuchUser,
    /// The user is the last administrator. Nothing was changed.
    LastAdmin,
}

/// The outcome of enabling an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Enabling {
    /// The user can log in again.
    Done,
    /// It was not disabled.
    Unchanged,
    /// There is no such user.
    NoSuchUser,
}

/// The outcome of revoking a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Revocation {
    /// It was live, and has ended.
    Done,
    /// It had already been revoked or expired.
    AlreadyEnded,
    /// There is no such session, or its row has been deleted.
    NoSuchSession,
}
