//! The audit log: who did what, and from where. One function per log line.
//!
//! The wording is stable: `docs/logs.md` documents it, and filters rely on it. No line holds a password,
//! cookie, secret or email address. The session middleware writes the one on rejected cookies.

use std::fmt::Display;

use waxseal_session::telemetry::AUDIT_TARGET;

/// A user signed up.
pub fn signed_up(user: impl Display, session: impl Display, from: impl Display) {
    log::info!(target: AUDIT_TARGET, "signed up: user {user}, session {session}, from {from}");
}

/// A network reached the limit of sign-ups.
pub fn signup_limited(from: impl Display) {
    log::warn!(target: AUDIT_TARGET, "sign-up limited: from {from}");
}

/// A user logged in.
pub fn logged_in(user: impl Display, session: impl Display, from: impl Display) {
    log::info!(target: AUDIT_TARGET, "logged in: user {user}, session {session}, from {from}");
}

/// A log-in failed: wrong password, or no account with that email address.
pub fn login_refused(user: Option<impl Display>, from: impl Display) {
    log::warn!(target: AUDIT_TARGET, "log-in refused: {}, from {from}", user_or_unknown(user));
}

/// A log-in came too soon after failed ones, so its password was not checked.
pub fn login_throttled(user: Option<impl Display>, from: impl Display, until: impl Display) {
    log::warn!(target: AUDIT_TARGET, "log-in throttled: {}, from {from}, until {until}", user_or_unknown(user));
}

/// A network reached the limit of log-in attempts.
pub fn login_limited(from: impl Display) {
    log::warn!(target: AUDIT_TARGET, "log-in limited: from {from}");
}

/// A network reached the same limit with a signed-in user's password on another form.
pub fn password_limited(user: impl Display, from: impl Display) {
    log::warn!(target: AUDIT_TARGET, "password limited: user {user}, from {from}");
}

/// A signed-in user entered a wrong password on another form.
pub fn password_refused(user: impl Display, from: impl Display) {
    log::warn!(target: AUDIT_TARGET, "password refused: user {user}, from {from}");
}

/// The password came too soon after wrong ones, so it was not checked.
pub fn password_throttled(user: impl Display, from: impl Display, until: impl Display) {
    log::warn!(target: AUDIT_TARGET, "password throttled: user {user}, from {from}, until {until}");
}

/// A user changed their password. `session` is the new one; all others have ended.
pub fn password_changed(user: impl Display, session: impl Display, from: impl Display) {
    log::info!(target: AUDIT_TARGET, "password changed: user {user}, session {session}, from {from}");
}

/// A user logged out.
pub fn logged_out(user: impl Display, session: impl Display, from: impl Display) {
    log::info!(target: AUDIT_TARGET, "logged out: user {user}, session {session}, from {from}");
}

/// A session was revoked. `by` is `from {address}` if its own user did it, otherwise `by {actor}`.
pub fn session_revoked(user: Option<impl Display>, session: impl Display, by: impl Display) {
    let user = user.map(|user| format!("user {user}, ")).unwrap_or_default();
    log::info!(target: AUDIT_TARGET, "session revoked: {user}session {session}, {by}");
}

/// All sessions of a user were revoked, or all except the current one.
pub fn sessions_revoked(user: impl Display, revoked: usize, by: impl Display) {
    log::info!(target: AUDIT_TARGET, "sessions revoked: user {user}, {revoked} ended, by {by}");
}

/// An administrator created an account.
pub fn user_added(user: impl Display, role: impl Display, by: impl Display) {
    log::info!(target: AUDIT_TARGET, "user added: user {user}, role {role}, by {by}");
}

/// A user's role was changed.
pub fn role_set(user: impl Display, role: impl Display, by: impl Display) {
    log::info!(target: AUDIT_TARGET, "role set: user {user}, role {role}, by {by}");
}

/// An account was deleted. `by` is `from {address}` if its own user did it, otherwise `by {actor}`.
pub fn account_deleted(user: impl Display, by: impl Display) {
    log::info!(target: AUDIT_TARGET, "account deleted: user {user}, {by}");
}

/// A user requested something they may not do or see.
pub fn access_refused(user: impl Display, method: impl Display, path: &str, from: impl Display) {
    let path = path.as_bytes().escape_ascii();
    log::warn!(target: AUDIT_TARGET, "access refused: user {user}, {method} \"{path}\", from {from}");
}

/// A request from another site was refused.
pub fn cross_origin_refused(
    method: impl Display,
    path: &str,
    subject: Option<impl Display>,
    from: impl Display,
) {
    let (path, subject) = (path.as_bytes().escape_ascii(), subject_prefix(subject));
    log::warn!(target: AUDIT_TARGET, "cross-origin refused: {method} \"{path}\", {subject}from {from}");
}

/// A session was ended because its user has no account in this database, or another role than the
/// session holds.
pub fn session_without_account(user: impl Display, session: impl Display, from: impl Display) {
    log::warn!(
        target: AUDIT_TARGET, "session without account: user {user}, session {session}, from {from}"
    );
}

fn subject_prefix(subject: Option<impl Display>) -> String {
    subject.map(|subject| format!("{subject}, ")).unwrap_or_default()
}

fn user_or_unknown(user: Option<impl Display>) -> String {
    user.map_or_else(|| "unknown user".to_owned(), |user| format!("user {user}"))
}
