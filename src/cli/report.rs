//! What was found out about a cookie, in words.

use std::io::Write;

use super::{
    findings::{Findings, KeyKind, Reseal, Status},
    output::{Failure, Output, Rfc3339, distance, printable},
};
use crate::clock::Timestamp;

pub(super) fn print(findings: &Findings, now: Timestamp) -> Result<(), Failure> {
    let mut output = Output::new();
    for (label, value) in lines(findings, now) {
        writeln!(output, "{label:<13}{}", printable(&value))?;
    }
    output.finish()
}

fn lines(findings: &Findings, now: Timestamp) -> Vec<(&'static str, String)> {
    let time = |Rfc3339(time): Rfc3339| format!("{time}, {}", distance(time, now));
    let mut lines = vec![("status", verdict(findings.status).to_owned())];
    lines.extend(findings.hint.clone().map(|hint| ("hint", hint)));
    lines.push(("cookie", format!("{} (purpose {})", findings.cookie_name, findings.purpose)));
    if let (Some(id), Some(kind)) = (&findings.key_id, findings.key) {
        lines.push(("key", format!("{id} ({})", key(kind))));
    }
    if let (Some(claims), Some(mode)) = (&findings.claims, findings.mode) {
        lines.extend([
            ("mode", mode.to_owned()),
            ("session", claims.sid.clone()),
            ("logged in", time(claims.auth_time)),
            ("sealed", time(claims.iat)),
            ("expires", time(claims.exp)),
        ]);
    }
    if let Some(row) = &findings.row {
        let who = [&row.email, &row.user_id].into_iter().flatten().cloned().collect::<Vec<_>>();
        if !who.is_empty() {
            lines.push(("user", who.join(", ")));
        }
        lines.push(("last seen", time(row.last_seen)));
        lines.push(("row expires", time(row.expires_at)));
        lines.extend(row.revoked_at.map(|revoked_at| ("revoked", time(revoked_at))));
    }
    lines.extend(findings.state.as_ref().map(|state| ("state", state.get().to_owned())));
    if !findings.reseal.is_empty() {
        let reasons: Vec<&str> = findings.reseal.iter().copied().map(reason).collect();
        lines.push(("next", format!("the next request seals it anew: {}", reasons.join("; "))));
    }
    lines
}

fn verdict(status: Status) -> &'static str {
    match status {
        Status::Live => "live: a server with these settings takes it",
        Status::Expired => "expired: no server takes it any more",
        Status::NotYetValid => "sealed in the future: one of the clocks is wrong",
        Status::Revoked => "revoked: no server takes it any more",
        Status::UnknownRow => {
            "unknown: the database has no such session; a server in database mode refuses it, one in cookie mode at its next refresh"
        }
        Status::Malformed => "malformed: no token, or not a whole one",
        Status::UnknownKey => "unknown key: none of the secrets has sealed it",
        Status::Forged => "forged: changed on the way, or sealed for another cookie",
        Status::NotASession => "no session: it unseals, but its claims are not a session's",
        Status::Several => "several: there is more than one cookie of the name; servers take none",
    }
}

fn key(kind: KeyKind) -> &'static str {
    match kind {
        KeyKind::Current => "current",
        KeyKind::Fallback => "fallback",
        KeyKind::Unknown => "not at hand",
    }
}

fn reason(reseal: Reseal) -> &'static str {
    match reseal {
        Reseal::Refresh => "little time is left",
        Reseal::FallbackKey => "a fallback key has sealed it",
        Reseal::OtherMode => "the server is in the other mode",
    }
}
