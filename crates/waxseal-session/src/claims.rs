//! The claims that a session token seals, as JSON.

use serde::{Deserialize, Deserializer, de::Error};

use crate::{
    clock::Timestamp,
    id::SessionId,
    mode::Mode,
    state::{InvalidState, State},
};

/// The size of the plaintext without its state, in bytes, for times of ten digits (until the year
/// 2286): 22 for the id, 30 for the times.
const SIZE_WITHOUT_STATE: usize =
    22 + 30 + r#"{"sid":"","auth_time":,"iat":,"exp":,"state":}"#.len();

/// The claims of a session token. Times are whole Unix seconds.
///
/// Read them with [`from_json`](Self::from_json): `Deserialize` alone would also take an array.
#[derive(Debug, Clone, Deserialize)]
pub struct Claims {
    /// The session's id.
    pub sid: SessionId,
    /// When the person logged in.
    pub auth_time: Timestamp,
    /// When this token was sealed.
    pub iat: Timestamp,
    /// The first second at which this token is expired.
    pub exp: Timestamp,
    /// The state, in cookie mode.
    // A state of `null` is not a missing one: it has the wrong type.
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
    /// When a claim is missing, of another type or out of range. Unknown claims are ignored.
    pub fn from_json(plaintext: &[u8]) -> Result<Self, InvalidState> {
        // The derived `Deserialize` would take an array of the values, too.
        if !plaintext.trim_ascii_start().starts_with(b"{") {
            return Err(InvalidState::from(serde_json::Error::custom("not an object")));
        }
        // One UTF-8 check for all strings saves 500 instructions.
        let text = str::from_utf8(plaintext).map_err(serde_json::Error::custom)?;
        Ok(serde_json::from_str(text)?)
    }

    /// The mode that the token was sealed in.
    pub fn mode(&self) -> Mode {
        if self.state.is_some() { Mode::Cookie } else { Mode::Database }
    }

    /// Writes a token's plaintext.
    pub fn to_json(&self) -> String {
        let Self { sid, auth_time, iat, exp, state } = self;
        let state = state.as_ref();
        let mut json = String::with_capacity(SIZE_WITHOUT_STATE + state.map_or(0, State::json_len));
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
