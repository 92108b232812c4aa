//! What there is to find out about a session's cookie.

use serde::Serialize;
use serde_json::value::RawValue;

use super::output::Rfc3339;
use crate::{
    accounts::{FoundSession, SessionDetails},
    clock::Timestamp,
    config::Config,
    seal::{KeyId, Keyring, Rejection, Unsealed},
    session::{InvalidState, Mode, cookie, envelope::Claims},
};

/// What was found out about a cookie. Its fields are its JSON.
#[derive(Serialize)]
pub(super) struct Findings {
    pub(super) status: Status,
    /// What may help, where the cookie is not taken.
    pub(super) hint: Option<String>,
    pub(super) cookie_name: String,
    pub(super) purpose: String,
    /// The key that the token names.
    pub(super) key_id: Option<String>,
    pub(super) key: Option<KeyKind>,
    /// The mode that the token was sealed in.
    pub(super) mode: Option<&'static str>,
    pub(super) claims: Option<ClaimsJson>,
    pub(super) row: Option<RowJson>,
    /// Of a token without a state, the row's.
    pub(super) state: Option<Box<RawValue>>,
    /// Why the next request will be answered with a new cookie, if it will.
    pub(super) reseal: Vec<Reseal>,
}

/// What becomes of the cookie.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Status {
    /// It is a live session's.
    Live,
    Expired,
    NotYetValid,
    Revoked,
    /// It unseals, but the database knows no such session.
    UnknownRow,
    Malformed,
    UnknownKey,
    Forged,
    /// It unseals, but its claims are no session's.
    NotASession,
    /// The header has several of the name.
    Several,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum KeyKind {
    Current,
    Fallback,
    Unknown,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reseal {
    /// Little time is left.
    Refresh,
    FallbackKey,
    OtherMode,
}

#[derive(Serialize)]
pub(super) struct ClaimsJson {
    pub(super) sid: String,
    pub(super) auth_time: Rfc3339,
    pub(super) iat: Rfc3339,
    pub(super) exp: Rfc3339,
}

#[derive(Serialize)]
pub(super) struct RowJson {
    pub(super) user_id: Option<String>,
    pub(super) email: Option<String>,
    pub(super) last_seen: Rfc3339,
    pub(super) expires_at: Rfc3339,
    pub(super) revoked_at: Option<Rfc3339>,
}

impl Findings {
    pub(super) fn of(cookie_name: &str) -> Self {
        Self {
            status: Status::Malformed,
            hint: None,
            cookie_name: cookie_name.to_owned(),
            purpose: cookie::purpose(cookie_name),
            key_id: None,
            key: None,
            mode: None,
            claims: None,
            row: None,
            state: None,
            reseal: Vec::new(),
        }
    }

    pub(super) fn note_key(&mut self, token: &str, keyring: &Keyring) {
        let id = KeyId::named_by(token);
        self.key_id = id.map(|id| id.to_string());
        self.key = id.map(|id| {
            if id == keyring.current_id() {
                KeyKind::Current
            } else if keyring.fallback_ids().any(|fallback| fallback == id) {
                KeyKind::Fallback
            } else {
                KeyKind::Unknown
            }
        });
    }

    pub(super) fn note_claims(
        &mut self,
        claims: &Claims,
        unsealed: &Unsealed,
        config: &Config,
        now: Timestamp,
    ) -> Result<(), InvalidState> {
        let Claims { sid, auth_time, iat, exp, state } = claims;
        self.claims = Some(ClaimsJson {
            sid: sid.to_string(),
            auth_time: Rfc3339(*auth_time),
            iat: Rfc3339(*iat),
            exp: Rfc3339(*exp),
        });
        let mode = if state.is_some() { Mode::Cookie } else { Mode::Database };
        self.mode = Some(match mode {
            Mode::Cookie => "cookie",
            Mode::Database => "database",
        });
        self.state = state.as_ref().map(|state| raw(&state.to_json())).transpose()?;
        let Config { lifetimes, .. } = config;
        let due = exp.since(now) <= lifetimes.refresh_below();
        self.reseal = [
            (due && lifetimes.expiry(*auth_time, now) > *exp, Reseal::Refresh),
            (unsealed.by_fallback, Reseal::FallbackKey),
            (mode != config.mode, Reseal::OtherMode),
        ]
        .into_iter()
        .filter_map(|(applies, reason)| applies.then_some(reason))
        .collect();
        Ok(())
    }

    pub(super) fn note_row(&mut self, found: Option<FoundSession>) -> Result<(), InvalidState> {
        let Some(FoundSession { details, email }) = found else { return Ok(()) };
        let SessionDetails { session, state, revoked_at } = details;
        if self.state.is_none() {
            self.state = Some(raw(&state.to_json())?);
        }
        self.row = Some(RowJson {
            user_id: session.user_id,
            email: email.map(|email| email.to_string()),
            last_seen: Rfc3339(session.last_seen),
            expires_at: Rfc3339(session.expires_at),
            revoked_at: revoked_at.map(Rfc3339),
        });
        Ok(())
    }
}

impl From<Rejection> for Status {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::Malformed => Self::Malformed,
            Rejection::UnknownKey => Self::UnknownKey,
            Rejection::Forged => Self::Forged,
        }
    }
}

fn raw(json: &str) -> Result<Box<RawValue>, InvalidState> {
    Ok(RawValue::from_string(json.to_owned())?)
}
