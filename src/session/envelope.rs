//! The envelope: the claims that a session's token seals, as JSON.

use std::time::Duration;

use serde::{Deserialize, de::Error};
use serde_json::value::RawValue;

use super::{
    id::SessionId,
    state::{InvalidState, State},
};
use crate::clock::Timestamp;

/// How many seconds ahead of this node's clock another node's may be (seconds of drift are
/// common, minutes are a fault).
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// What a session's token seals. Times are whole Unix seconds.
#[derive(Debug, Clone)]
pub struct Claims {
    /// The session's id.
    pub sid: SessionId,
    /// When the person logged in.
    pub auth_time: Timestamp,
    /// When this token was sealed.
    pub iat: Timestamp,
    /// The first second at which this token is dead.
    pub exp: Timestamp,
    /// The state, in cookie mode.
    pub state: Option<State>,
}

/// As it stands in the token.
#[derive(Deserialize)]
struct Json<'a> {
    sid: SessionId,
    auth_time: Timestamp,
    iat: Timestamp,
    exp: Timestamp,
    // Not just `Option`: a state of `null` is not a missing one, it is one of the wrong type.
    #[serde(borrow, default, deserialize_with = "present")]
    state: Option<&'a RawValue>,
}

fn present<'de, D: serde::Deserializer<'de>>(input: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(input).map(Some)
}

impl Claims {
    /// Reads a token's plaintext.
    ///
    /// # Errors
    ///
    /// When a claim is missing, of another type or out of range. Claims that this version does
    /// not know are passed over.
    pub fn from_json(plaintext: &[u8]) -> Result<Self, InvalidState> {
        // Derived reading would take an array of the values, too.
        if !plaintext.trim_ascii_start().starts_with(b"{") {
            return Err(InvalidState::from(serde_json::Error::custom("not an object")));
        }
        let Json { sid, auth_time, iat, exp, state } = serde_json::from_slice(plaintext)?;
        let state = state.map(|raw| State::from_json(raw.get().to_owned())).transpose()?;
        Ok(Self { sid, auth_time, iat, exp, state })
    }

    /// Whether the token may be used at this time.
    ///
    /// # Errors
    ///
    /// When it is dead already, or says that it was sealed more than a minute from now.
    pub fn check_times(&self, now: Timestamp) -> Result<(), Untimely> {
        if now >= self.exp {
            return Err(Untimely::Expired);
        }
        if self.iat > now + CLOCK_SKEW {
            return Err(Untimely::FromTheFuture);
        }
        Ok(())
    }

    /// Writes a token's plaintext.
    pub fn to_json(&self) -> String {
        let Self { sid, auth_time, iat, exp, state } = self;
        let (auth_time, iat, exp) = (auth_time.as_unix(), iat.as_unix(), exp.as_unix());
        // The text of a state is JSON already, and nothing else here needs escaping.
        let state = state.as_ref().map(|state| format!(r#","state":{}"#, state.as_json()));
        let state = state.unwrap_or_default();
        format!(r#"{{"sid":"{sid}","auth_time":{auth_time},"iat":{iat},"exp":{exp}{state}}}"#)
    }
}

/// Why a token may not be used at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Untimely {
    /// It is dead.
    #[error("expired")]
    Expired,
    /// It was sealed later: one of the clocks is wrong.
    #[error("sealed in the future")]
    FromTheFuture,
}
