//! An inspection in words.

use std::io::Write;

use waxseal_session::{Rejection, Timestamp};

use super::inspection::{Inspection, KeyKind, ResealReason, Status};
use crate::{
    cli::output::{Failure, Output, Rfc3339, printable},
    text::relative_time,
};

pub(super) fn print(inspection: &Inspection, now: Timestamp) -> Result<(), Failure> {
    let mut output = Output::new();
    for (label, value) in lines(inspection, now) {
        writeln!(output, "{label:<16}{}", printable(&value))?;
    }
    output.finish()
}

fn lines(inspection: &Inspection, now: Timestamp) -> Vec<(&'static str, String)> {
    let time = |Rfc3339(time): Rfc3339| format!("{time}, {}", relative_time(time, now));
    let mut lines = vec![("status", explain(inspection.status).to_owned())];
    lines.extend(inspection.hint.clone().map(|hint| ("hint", hint)));
    lines.push(("cookie", format!("{} (purpose {})", inspection.cookie_name, inspection.purpose)));
    if let (Some(id), Some(kind)) = (&inspection.key_id, inspection.key) {
        lines.push(("key", format!("{id} ({})", key(kind))));
    }
    if let (Some(claims), Some(mode)) = (&inspection.claims, inspection.mode) {
        lines.extend([
            ("mode", mode.to_owned()),
            ("session", claims.sid.clone()),
            ("logged in", time(claims.auth_time)),
            ("sealed", time(claims.iat)),
            ("expires", time(claims.exp)),
        ]);
    }
    if let Some(record) = &inspection.record {
        let email = record.email.as_ref().map(ToString::to_string);
        let who: Vec<String> = email.into_iter().chain(record.user_id.clone()).collect();
        if !who.is_empty() {
            lines.push(("user", who.join(", ")));
        }
        lines.push(("last seen", time(record.last_seen)));
        lines.push(("record expires", time(record.expires_at)));
        lines.extend(record.revoked_at.map(|revoked_at| ("revoked", time(revoked_at))));
    }
    lines.extend(inspection.state.as_ref().map(|state| ("state", state.get().to_owned())));
    if !inspection.reseal.is_empty() {
        let reasons: Vec<&str> = inspection.reseal.iter().copied().map(reason).collect();
        lines.push(("next", format!("the next request gets a new cookie: {}", reasons.join("; "))));
    }
    lines
}

fn explain(status: Status) -> &'static str {
    match status {
        Status::Live => "live: a server with these settings accepts it",
        Status::UnknownRecord => {
            "unknown record: the database has no such session; in database mode servers refuse it, in cookie mode at the next refresh"
        }
        Status::Rejected(reason) => explain_rejection(reason),
    }
}

fn explain_rejection(reason: Rejection) -> &'static str {
    match reason {
        Rejection::DuplicateCookie => {
            "duplicate cookie: more than one of the name; servers refuse them all"
        }
        Rejection::Malformed => "malformed: not a token, or only part of one",
        Rejection::UnknownKey => "unknown key: sealed with none of the configured secrets",
        Rejection::Forged => "forged: changed, or sealed for another cookie",
        Rejection::NotASession => "not a session: it unseals, but to something else",
        Rejection::Expired => "expired: servers refuse it",
        Rejection::SealedInTheFuture => "sealed in the future: a clock is wrong",
        Rejection::Revoked => "revoked: servers refuse it",
        Rejection::Replaced => "replaced: servers refuse it; a new one took its place a moment ago",
        Rejection::Gone => "gone: the database has no such session",
    }
}

fn key(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Current => "current",
        KeyKind::Fallback => "fallback",
        KeyKind::Unknown => "not configured",
    }
}

fn reason(reseal: ResealReason) -> &'static str {
    match reseal {
        ResealReason::Refresh => "a refresh is due",
        ResealReason::FallbackKey => "it was sealed with a fallback key",
        ResealReason::OtherMode => "it was sealed in the other mode",
    }
}
