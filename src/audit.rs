//! The audit log: who did what, and from where. One function per log line.
//!
//! The wording is stable: `docs/logs.md` documents it, and filters rely on it. So are the fields that a
//! line has with `LOG_FORMAT=json`; an empty one is left out. No line holds a password, cookie, secret or
//! email address. The session middleware writes the one on rejected cookies.

use std::fmt::Display;

use waxseal_session::{TokenSubject, telemetry::AUDIT_TARGET};

/// Who acts, as a line says it.
pub struct By<'a> {
    /// The end of the text: `from {address}` if the user acts on their own account, otherwise
    /// `by {actor}`.
    pub text: String,
    /// The id of the user who acts, `command line`, or `setting`.
    pub actor: String,
    /// The address; empty unless a user acts.
    pub address: &'a str,
}

/// A user signed up.
pub fn signed_up(user: impl Display, session: impl Display, address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "signed_up", user:%, session:%, address:%;
        "signed up: user {user}, session {session}, from {address}"
    );
}

/// Someone signed up, with an address that is to be confirmed and may have an account already.
pub fn sign_up_requested(address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "sign_up_requested", address:%;
        "sign-up requested: from {address}"
    );
}

/// A user's email address was confirmed.
pub fn email_confirmed(user: impl Display, address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "email_confirmed", user:%, address:%;
        "email confirmed: user {user}, from {address}"
    );
}

/// A network reached the limit of sign-ups.
pub fn signup_limited(address: impl Display) {
    log::warn!(
        target: AUDIT_TARGET, event = "sign_up_limited", address:%;
        "sign-up limited: from {address}"
    );
}

/// A user logged in.
pub fn logged_in(user: impl Display, session: impl Display, address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "logged_in", user:%, session:%, address:%;
        "logged in: user {user}, session {session}, from {address}"
    );
}

/// A log-in failed: wrong password, or no account with that email address.
pub fn login_refused(user: Option<impl Display>, address: impl Display) {
    let (user, who) = user_or_unknown(user);
    log::warn!(
        target: AUDIT_TARGET, event = "log_in_refused", user, address:%;
        "log-in refused: {who}, from {address}"
    );
}

/// A log-in with the right password, of an account that is disabled.
pub fn login_disabled(user: impl Display, address: impl Display) {
    log::warn!(
        target: AUDIT_TARGET, event = "log_in_refused", reason = "disabled", user:%, address:%;
        "log-in refused: user {user}, disabled, from {address}"
    );
}

/// A log-in came too soon after failed ones, so its password was not checked.
pub fn login_throttled(user: Option<impl Display>, address: impl Display, until: impl Display) {
    let (user, who) = user_or_unknown(user);
    log::warn!(
        target: AUDIT_TARGET, event = "log_in_throttled", user, address:%, until:%;
        "log-in throttled: {who}, from {address}, until {until}"
    );
}

/// A network reached the limit of log-in attempts.
pub fn login_limited(address: impl Display) {
    log::warn!(
        target: AUDIT_TARGET, event = "log_in_limited", address:%;
        "log-in limited: from {address}"
    );
}

/// A network reached the same limit with a signed-in user's password on another form.
pub fn password_limited(user: impl Display, address: impl Display) {
    log::warn!(
        target: AUDIT_TARGET, event = "password_limited", user:%, address:%;
        "password limited: user {user}, from {address}"
    );
}

/// A signed-in user entered a wrong password on another form.
pub fn password_refused(user: impl Display, address: impl Display) {
    log::warn!(
        target: AUDIT_TARGET, event = "password_refused", user:%, address:%;
        "password refused: user {user}, from {address}"
    );
}

/// The password came too soon after wrong ones, so it was not checked.
pub fn password_throttled(user: impl Display, address: impl Display, until: impl Display) {
    log::warn!(
        target: AUDIT_TARGET, event = "password_throttled", user:%, address:%, until:%;
        "password throttled: user {user}, from {address}, until {until}"
    );
}

/// A user changed their password. `session` is the new one; all others have ended.
pub fn password_changed(user: impl Display, session: impl Display, address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "password_changed", user:%, session:%, address:%;
        "password changed: user {user}, session {session}, from {address}"
    );
}

/// A signed-in user entered their password again, before something dangerous. `session` is the new one.
pub fn stepped_up(user: impl Display, session: impl Display, address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "stepped_up", user:%, session:%, address:%;
        "stepped up: user {user}, session {session}, from {address}"
    );
}

/// Someone asked for a link to reset a password, for an address that may have no account.
pub fn reset_requested(address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "password_reset_requested", address:%;
        "password reset requested: from {address}"
    );
}

/// A user asked for a link to change their email address.
pub fn email_change_requested(user: impl Display, address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "email_change_requested", user:%, address:%;
        "email change requested: user {user}, from {address}"
    );
}

/// A user changed their email address. `session` is the new one; all others have ended.
pub fn email_changed(user: impl Display, session: impl Display, address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "email_changed", user:%, session:%, address:%;
        "email changed: user {user}, session {session}, from {address}"
    );
}

/// The owner of a user's email address before undid its change; all sessions have ended.
pub fn email_change_undone(user: impl Display, address: impl Display) {
    log::warn!(
        target: AUDIT_TARGET, event = "email_change_undone", user:%, address:%;
        "email change undone: user {user}, from {address}"
    );
}

/// An administrator had a link to reset a password sent to its user.
pub fn reset_sent(user: impl Display, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET,
        event = "password_reset_requested", user:%, by = actor, address;
        "password reset requested: user {user}, {text}"
    );
}

/// A network reached the limit of mails that it may ask for.
pub fn mail_limited(address: impl Display) {
    log::warn!(
        target: AUDIT_TARGET, event = "mail_limited", address:%;
        "mail limited: from {address}"
    );
}

/// A user set a new password with a link from a mail; all sessions have ended.
pub fn password_reset(user: impl Display, address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "password_reset", user:%, address:%;
        "password reset: user {user}, from {address}"
    );
}

/// A user logged out.
pub fn logged_out(user: impl Display, session: impl Display, address: impl Display) {
    log::info!(
        target: AUDIT_TARGET, event = "logged_out", user:%, session:%, address:%;
        "logged out: user {user}, session {session}, from {address}"
    );
}

/// A session was revoked.
pub fn session_revoked(user: Option<impl Display>, session: impl Display, by: &By<'_>) {
    let (user, whose) = of_user(user);
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "session_revoked", user, session:%, by = actor, address;
        "session revoked: {whose}session {session}, {text}"
    );
}

/// All sessions of a user were revoked, or all except the current one.
pub fn sessions_revoked(user: impl Display, ended: usize, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "sessions_revoked", user:%, ended, by = actor, address;
        "sessions revoked: user {user}, {ended} ended, {text}"
    );
}

/// An administrator created an account.
pub fn user_added(user: impl Display, role: impl Display, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "user_added", user:%, role:%, by = actor, address;
        "user added: user {user}, role {role}, {text}"
    );
}

/// An administrator invited someone to sign up.
pub fn invited(role: impl Display, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "invited", role:%, by = actor, address;
        "invited: role {role}, {text}"
    );
}

/// A user's role was changed.
pub fn role_set(user: impl Display, role: impl Display, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "role_set", user:%, role:%, by = actor, address;
        "role set: user {user}, role {role}, {text}"
    );
}

/// An operator set a user's password.
pub fn password_set(user: impl Display, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "password_set", user:%, by = actor, address;
        "password set: user {user}, {text}"
    );
}

/// An operator set a user's email address.
pub fn email_set(user: impl Display, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "email_set", user:%, by = actor, address;
        "email set: user {user}, {text}"
    );
}

/// An account was disabled.
pub fn account_disabled(user: impl Display, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "account_disabled", user:%, by = actor, address;
        "account disabled: user {user}, {text}"
    );
}

/// A disabled account was enabled.
pub fn account_enabled(user: impl Display, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "account_enabled", user:%, by = actor, address;
        "account enabled: user {user}, {text}"
    );
}

/// The failed log-ins of an account were forgotten.
pub fn account_unlocked(user: impl Display, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "account_unlocked", user:%, by = actor, address;
        "account unlocked: user {user}, {text}"
    );
}

/// An account was deleted.
pub fn account_deleted(user: impl Display, by: &By<'_>) {
    let By { text, actor, address } = by;
    log::info!(
        target: AUDIT_TARGET, event = "account_deleted", user:%, by = actor, address;
        "account deleted: user {user}, {text}"
    );
}

/// A mail was sent.
pub fn mail_sent(kind: &str, user: Option<impl Display>, mail: impl Display) {
    let (user, whose) = of_user(user);
    log::info!(
        target: AUDIT_TARGET, event = "mail_sent", kind, user, mail:%;
        "mail sent: {whose}kind {kind}, mail {mail}"
    );
}

/// A mail was given up. The cause holds no address.
pub fn mail_failed(kind: &str, user: Option<impl Display>, mail: impl Display, cause: &str) {
    let (user, whose) = of_user(user);
    log::warn!(
        target: AUDIT_TARGET, event = "mail_failed", kind, user, mail:%, cause;
        "mail failed: {whose}kind {kind}, mail {mail}: {cause}"
    );
}

/// A user requested something they may not do or see.
pub fn access_refused(user: impl Display, method: impl Display, path: &str, address: impl Display) {
    let path = path.as_bytes().escape_ascii();
    log::warn!(
        target: AUDIT_TARGET, event = "access_refused", user:%, method:%, path:%, address:%;
        "access refused: user {user}, {method} \"{path}\", from {address}"
    );
}

/// A request from another site was refused. The subject is whose session it had.
pub fn cross_origin_refused(
    method: impl Display,
    path: &str,
    subject: Option<&TokenSubject>,
    address: impl Display,
) {
    let path = path.as_bytes().escape_ascii();
    let whose = subject.map(|subject| format!("{subject}, ")).unwrap_or_default();
    let user = subject.and_then(|subject| subject.user.clone()).unwrap_or_default();
    let session = subject.map(|subject| subject.session.to_string()).unwrap_or_default();
    log::warn!(
        target: AUDIT_TARGET,
        event = "cross_origin_refused", method:%, path:%, user, session, address:%;
        "cross-origin refused: {method} \"{path}\", {whose}from {address}"
    );
}

/// A session was ended because its user has no account in this database, a disabled one, or another role
/// than the session holds.
pub fn session_without_account(user: impl Display, session: impl Display, address: impl Display) {
    log::warn!(
        target: AUDIT_TARGET, event = "session_without_account", user:%, session:%, address:%;
        "session without account: user {user}, session {session}, from {address}"
    );
}

/// The user as a field, and as the text begins with it.
fn of_user(user: Option<impl Display>) -> (String, String) {
    let user = user.map(|user| user.to_string()).unwrap_or_default();
    let whose = if user.is_empty() { String::new() } else { format!("user {user}, ") };
    (user, whose)
}

/// The user as a field, and as the text says it.
fn user_or_unknown(user: Option<impl Display>) -> (String, String) {
    let user = user.map(|user| user.to_string());
    let who =
        user.as_ref().map_or_else(|| "unknown user".to_owned(), |user| format!("user {user}"));
    (user.unwrap_or_default(), who)
}
