//! The envelope: the claims that a session's token seals, as JSON.

use std::time::Duration;

use serde::{Deserialize, Deserializer, de::Error};

use super::{
    id::SessionId,
    state::{InvalidState, State},
};
use crate::clock::Timestamp;

/// How many seconds ahead of this node's clock another node's may be (seconds of drift are
/// common, minutes are a fault).
const CLOCK_SKEW: Duration = Duration::from_secs(60);

/// How many bytes a plaintext has besides its state, for times of ten digits, those until the year 2286:
/// 22 of the id, 30 of the times, and what stands around them.
const AROUND_STATE: usize = 22 + 30 + r#"{"sid":"","auth_time":,"iat":,"exp":,"state":}"#.len();

/// What a session's token seals. Times are whole Unix seconds.
///
/// [`from_json`](Self::from_json) reads it; `Deserialize` alone would also take an array.
#[derive(Debug, Clone, Deserialize)]
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
    // Not just `Option`: a state of `null` is not a missing one, it is one of the wrong type.
    #[serde(default, deserialize_with = "present")]
    pub state: Option<State>,
}

fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<State>, D::Error> {
    State::deserialize(input).map(Some)
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
        // Checked once, and not each string by itself: 500 instructions less.
        let text = str::from_utf8(plaintext).map_err(serde_json::Error::custom)?;
        Ok(serde_json::from_str(text)?)
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
        let state = state.as_ref();
        let mut json = String::with_capacity(AROUND_STATE + state.map_or(0, State::json_len));
        // Nothing here needs escaping.
        json += r#"{"sid":""#;
        sid.write(&mut json);
        json += r#"","auth_time":"#;
        for (time, next) in [(auth_time, r#","iat":"#), (iat, r#","exp":"#), (exp, "")] {
            json += &time.as_unix().to_string();
            json += next;
        }
        if let Some(state) = state {
            json += r#","state":"#;
            state.write(&mut json);
        }
        json.push('}');
        json
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
