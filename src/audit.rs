//! What defenders read in the log: who did what, and from where. A line each, a function for each
//! line.
//!
//! The wording is a promise, which `docs/logs.md` writes down and filters rely on. Never in it: a
//! password, a cookie, a secret, an email address.

use std::fmt::Display;

/// The target of these lines: `RUST_LOG=waxseal::audit=info` shows them and nothing else.
pub const TARGET: &str = "waxseal::audit";

/// A person has signed up, and is logged in.
pub fn signed_up(user: impl Display, session: impl Display, from: impl Display) {
    log::info!(target: TARGET, "signed up: user {user}, session {session}, from {from}");
}

/// One network has signed up too often.
pub fn signup_limited(from: impl Display) {
    log::warn!(target: TARGET, "sign-up limited: from {from}");
}

/// A person has logged in.
pub fn logged_in(user: impl Display, session: impl Display, from: impl Display) {
    log::info!(target: TARGET, "logged in: user {user}, session {session}, from {from}");
}

/// A log-in was refused: the password is wrong, or no account has that email address.
pub fn login_refused(user: Option<impl Display>, from: impl Display) {
    log::warn!(target: TARGET, "log-in refused: {}, from {from}", who(user));
}

/// A log-in came too early after others that were refused.
pub fn login_throttled(user: Option<impl Display>, from: impl Display, until: impl Display) {
    log::warn!(target: TARGET, "log-in throttled: {}, from {from}, until {until}", who(user));
}

/// One network has tried too many passwords, whosever they are.
pub fn login_limited(from: impl Display) {
    log::warn!(target: TARGET, "log-in limited: from {from}");
}

/// The same, by a person who is logged in.
pub fn password_limited(user: impl Display, from: impl Display) {
    log::warn!(target: TARGET, "password limited: user {user}, from {from}");
}

/// A person who is logged in gave a wrong password on another form.
pub fn password_refused(user: impl Display, from: impl Display) {
    log::warn!(target: TARGET, "password refused: user {user}, from {from}");
}

/// The same, too early after others that were refused.
pub fn password_throttled(user: impl Display, from: impl Display, until: impl Display) {
    log::warn!(target: TARGET, "password throttled: user {user}, from {from}, until {until}");
}

/// A person has changed their password; this is the session that goes on.
pub fn password_changed(user: impl Display, session: impl Display, from: impl Display) {
    log::info!(target: TARGET, "password changed: user {user}, session {session}, from {from}");
}

/// A person has logged out.
pub fn logged_out(user: impl Display, session: impl Display, from: impl Display) {
    log::info!(target: TARGET, "logged out: user {user}, session {session}, from {from}");
}

/// A session was revoked. `by` reads `from {address}` where its own user did it, else `by {actor}`.
pub fn session_revoked(user: Option<impl Display>, session: impl Display, by: impl Display) {
    let user = user.map(|user| format!("user {user}, ")).unwrap_or_default();
    log::info!(target: TARGET, "session revoked: {user}session {session}, {by}");
}

/// All sessions of a user were revoked, or all but the one at hand.
pub fn sessions_revoked(user: impl Display, revoked: usize, by: impl Display) {
    log::info!(target: TARGET, "sessions revoked: user {user}, {revoked} ended, by {by}");
}

/// An account was made for someone.
pub fn user_added(user: impl Display, role: impl Display, by: impl Display) {
    log::info!(target: TARGET, "user added: user {user}, role {role}, by {by}");
}

/// A user was given a role.
pub fn role_set(user: impl Display, role: impl Display, by: impl Display) {
    log::info!(target: TARGET, "role set: user {user}, role {role}, by {by}");
}

/// An account was deleted. `by` reads `from {address}` where its own user did it, else `by {actor}`.
pub fn account_deleted(user: impl Display, by: impl Display) {
    log::info!(target: TARGET, "account deleted: user {user}, {by}");
}

/// A person asked for what only others may do or see.
pub fn access_refused(user: impl Display, method: impl Display, path: &str, from: impl Display) {
    let path = path.as_bytes().escape_ascii();
    log::warn!(target: TARGET, "access refused: user {user}, {method} \"{path}\", from {from}");
}

/// A form, or a script, of another site was refused.
pub fn cross_origin_refused(
    method: impl Display,
    path: &str,
    whose: Option<impl Display>,
    from: impl Display,
) {
    let (path, whose) = (path.as_bytes().escape_ascii(), claimed(whose));
    log::warn!(target: TARGET, "cross-origin refused: {method} \"{path}\", {whose}from {from}");
}

/// A session cookie was worth nothing. TokenSubject it was is known where the seal could be opened.
pub fn cookie_rejected(reason: impl Display, whose: Option<impl Display>, from: impl Display) {
    log::info!(target: TARGET, "cookie rejected: {reason}, {}from {from}", claimed(whose));
}

/// A sealed session whose user has no account here, or another role than it says, was ended.
pub fn session_without_account(user: impl Display, session: impl Display, from: impl Display) {
    log::warn!(
        target: TARGET, "session without account: user {user}, session {session}, from {from}"
    );
}

fn claimed(whose: Option<impl Display>) -> String {
    whose.map(|whose| format!("{whose}, ")).unwrap_or_default()
}

fn who(user: Option<impl Display>) -> String {
    user.map_or_else(|| "unknown user".to_owned(), |user| format!("user {user}"))
}
