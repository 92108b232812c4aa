//! The result of an inspection, and its JSON.

use serde::{Serialize, Serializer};
use serde_json::value::RawValue;
use waxseal_seal::KeyId;
use waxseal_session::{
    Evaluation, InvalidState, Keyring, Mode, Rejection, Reseal, claims::Claims, cookie,
};

use crate::{
    accounts::{FoundSession, SessionDetails},
    cli::output::{Address, Rfc3339},
};

/// What a cookie holds, and what a server does with it. Its fields are its JSON.
#[derive(Serialize)]
pub(super) struct Inspection {
    pub(super) status: Status,
    /// What may help where the cookie is refused.
    pub(super) hint: Option<String>,
    pub(super) cookie_name: String,
    pub(super) purpose: String,
    /// The key that the token names.
    pub(super) key_id: Option<String>,
    pub(super) key: Option<KeyKind>,
    /// The mode that the token was sealed in.
    pub(super) mode: Option<&'static str>,
    pub(super) claims: Option<ClaimsJson>,
    pub(super) record: Option<RecordJson>,
    /// The record's, where the token has none.
    pub(super) state: Option<Box<RawValue>>,
    /// Why the next request gets a new cookie, if it does.
    pub(super) reseal: Vec<ResealReason>,
}

/// Whether a server accepts the cookie, or why not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Status {
    Live,
    /// It unseals, but the database has no such session.
    UnknownRecord,
    Rejected(Rejection),
}

impl Serialize for Status {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(match self {
            Self::Live => "live",
            Self::UnknownRecord => "unknown_record",
            Self::Rejected(reason) => reason.as_str(),
        })
    }
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
pub(super) enum ResealReason {
    /// The refresh threshold is reached.
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
pub(super) struct RecordJson {
    pub(super) user_id: Option<String>,
    pub(super) email: Option<Address>,
    pub(super) last_seen: Rfc3339,
    pub(super) expires_at: Rfc3339,
    pub(super) revoked_at: Option<Rfc3339>,
}

impl Inspection {
    pub(super) fn of(cookie_name: &str) -> Self {
        Self {
            status: Status::Rejected(Rejection::Malformed),
            hint: None,
            cookie_name: cookie_name.to_owned(),
            purpose: cookie::purpose(cookie_name),
            key_id: None,
            key: None,
            mode: None,
            claims: None,
            record: None,
            state: None,
            reseal: Vec::new(),
        }
    }

    pub(super) fn set_key(&mut self, token: &str, keyring: &Keyring) {
        let id = KeyId::peek(token);
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

    pub(super) fn set_claims(&mut self, claims: &Claims) -> Result<(), InvalidState> {
        let Claims { sid, auth_time, iat, exp, state, own: _ } = claims;
        self.claims = Some(ClaimsJson {
            sid: sid.to_string(),
            auth_time: Rfc3339(*auth_time),
            iat: Rfc3339(*iat),
            exp: Rfc3339(*exp),
        });
        self.mode = Some(match claims.mode() {
            Mode::Cookie => "cookie",
            Mode::Database => "database",
        });
        self.state = state.as_ref().map(|state| raw(state.to_json())).transpose()?;
        Ok(())
    }

    pub(super) fn set_evaluation(&mut self, evaluation: Evaluation) {
        self.status = match evaluation {
            Evaluation::Rejected(reason) => Status::Rejected(reason),
            _ if self.record.is_none() => Status::UnknownRecord,
            Evaluation::Accepted(Reseal { refresh, fallback_key, other_mode }) => {
                let reasons = [
                    refresh.then_some(ResealReason::Refresh),
                    fallback_key.then_some(ResealReason::FallbackKey),
                    other_mode.then_some(ResealReason::OtherMode),
                ];
                self.reseal = reasons.into_iter().flatten().collect();
                Status::Live
            }
            Evaluation::Unknown => Status::Live,
        };
    }

    pub(super) fn set_record(&mut self, found: Option<FoundSession>) -> Result<(), InvalidState> {
        let Some(FoundSession { details, email }) = found else { return Ok(()) };
        let SessionDetails { session, state, revoked_at, .. } = details;
        if self.state.is_none() {
            self.state = Some(raw(state.to_json())?);
        }
        self.record = Some(RecordJson {
            user_id: session.user_id,
            email: email.map(Address),
            last_seen: Rfc3339(session.last_seen),
            expires_at: Rfc3339(session.expires_at),
            revoked_at: revoked_at.map(Rfc3339),
        });
        Ok(())
    }
}

fn raw(json: &str) -> Result<Box<RawValue>, InvalidState> {
    Ok(RawValue::from_string(json.to_owned())?)
}
