//! The claims that a session token seals, as JSON.

use std::{fmt::Write as _, time::Duration};

use serde::{Deserialize, Deserializer, de::Error};
use serde_json::value::RawValue;

use crate::{
    clock::Timestamp,
    expiry::ExpiryPolicy,
    id::SessionId,
    mode::Mode,
    record::SessionRecord,
    state::{InvalidState, State},
};

/// The size of the plaintext without its state, in bytes, for times of ten digits (until the year
/// 2286): 22 for the id, 30 for the times.
const SIZE_WITHOUT_STATE: usize =
    22 + 30 + r#"{"sid":"","auth_time":,"iat":,"exp":,"state":}"#.len();

/// The claims of a session token. Times are whole Unix seconds.
#[derive(Debug, Clone)]
pub struct Claims {
    /// The session's id.
    pub sid: SessionId,
    /// When the person logged in.
    pub auth_time: Timestamp,
    /// When this token was sealed.
    pub iat: Timestamp,
    /// The first second at which this token is expired.
    pub exp: Timestamp,
    /// The lifecycle of its own that the session has, if it has one.
    pub own: Option<OwnLifecycle>,
    /// The state, in cookie mode.
    pub state: Option<State>,
}

/// How long one session lives, if it is not as long as the middleware's settings say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OwnLifecycle {
    /// How long it lives unused: the claim `idle_timeout`, in seconds.
    pub idle_timeout: Duration,
    /// How long it lives at most: the claim `lifetime`, in seconds.
    pub lifetime: Duration,
    /// It is refreshed when this much time or less remains: the claim `refresh_below`, in seconds. Zero is
    /// never, unless the state changes.
    pub refresh_threshold: Duration,
    /// Whether its cookie goes when the browser closes: the claim `browser_session`.
    pub browser_session: bool,
}

/// The same, as they are read.
#[derive(Deserialize)]
struct ClaimsText<'a> {
    sid: SessionId,
    auth_time: Timestamp,
    iat: Timestamp,
    exp: Timestamp,
    idle_timeout: Option<u64>,
    lifetime: Option<u64>,
    refresh_below: Option<u64>,
    browser_session: Option<bool>,
    // A state of `null` is not a missing one: it has the wrong type.
    #[serde(borrow, default, deserialize_with = "present")]
    state: Option<&'a RawValue>,
}

fn present<'de, D: Deserializer<'de>>(input: D) -> Result<Option<&'de RawValue>, D::Error> {
    Deserialize::deserialize(input).map(Some)
}

impl Claims {
    /// Reads a token's plaintext.
    ///
    /// # Errors
    ///
    /// When a claim is missing, of another type or out of range. Unknown claims are ignored.
    pub fn from_json(plaintext: &[u8]) -> Result<Self, InvalidState> {
        let claims = Self::from_token(plaintext)?;
        let state = claims.state.map(|state| State::from_json(state.to_json())).transpose()?;
        Ok(Self { state, ..claims })
    }

    /// Reads a token's plaintext, but leaves its state to [`State::populate`] to check.
    pub(crate) fn from_token(plaintext: &[u8]) -> Result<Self, InvalidState> {
        // One UTF-8 check for all strings saves 500 instructions.
        let text = str::from_utf8(plaintext).map_err(serde_json::Error::custom)?;
        match as_written(text) {
            Some(claims) => Ok(claims),
            None => Self::from_any_json(text),
        }
    }

    fn from_any_json(text: &str) -> Result<Self, InvalidState> {
        // The derived `Deserialize` would take an array of the values, too.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(InvalidState::from(serde_json::Error::custom("not an object")));
        }
        let claims: ClaimsText<'_> = serde_json::from_str(text)?;
        let ClaimsText { sid, auth_time, iat, exp, .. } = claims;
        let state = claims.state.map(|state| State::from_json(state.get())).transpose()?;
        let own = claims.idle_timeout.map(|idle_timeout| OwnLifecycle {
            idle_timeout: Duration::from_secs(idle_timeout),
            lifetime: Duration::from_secs(claims.lifetime.unwrap_or(idle_timeout)),
            refresh_threshold: Duration::from_secs(claims.refresh_below.unwrap_or_default()),
            browser_session: claims.browser_session.unwrap_or_default(),
        });
        Ok(Self { sid, auth_time, iat, exp, own, state })
    }

    /// The policy that this session goes by.
    pub(crate) fn policy(&self, general: &ExpiryPolicy) -> ExpiryPolicy {
        self.own.as_ref().map_or(*general, ExpiryPolicy::of_own)
    }

    /// The session that they describe, with this state. Its token may have been sealed when the lifetime
    /// was longer.
    pub(crate) fn record(&self, general: &ExpiryPolicy, state: State) -> SessionRecord {
        let Self { sid: id, auth_time, exp: expires_at, .. } = *self;
        let latest_expiry = self.policy(general).latest_expiry(auth_time).max(expires_at);
        SessionRecord { id, auth_time, expires_at, latest_expiry, state }
    }

    /// The mode that the token was sealed in.
    pub fn mode(&self) -> Mode {
        if self.state.is_some() { Mode::Cookie } else { Mode::Database }
    }

    /// Writes a token's plaintext.
    pub fn to_json(&self) -> String {
        let Self { sid, auth_time, iat, exp, own, state } = self;
        write(sid, [*auth_time, *iat, *exp], own.as_ref(), state.as_ref())
    }
}

/// Reads a plaintext exactly as [`write`] writes it, which saves 5,000 instructions over serde_json.
/// `None` for every other spelling, for a state with objects in it, and for a session with a lifecycle of its
/// own.
fn as_written(text: &str) -> Option<Claims> {
    let (sid, text) = text.strip_prefix(r#"{"sid":""#)?.split_at_checked(22)?;
    let mut rest = text.strip_prefix('"')?;
    let mut times = [Timestamp::MIN; 3];
    for (name, time) in TIMES.into_iter().zip(&mut times) {
        (*time, rest) = seconds(rest.strip_prefix(name)?)?;
    }
    let [auth_time, iat, exp] = times;
    let state = match rest.strip_prefix(STATE) {
        Some(state) => Some(State::from_token(state.strip_suffix('}')?)?),
        None if rest == "}" => None,
        None => return None,
    };
    Some(Claims { sid: sid.parse().ok()?, auth_time, iat, exp, own: None, state })
}

/// Reads a time without leading zeros. Returns the rest, too.
fn seconds(text: &str) -> Option<(Timestamp, &str)> {
    let (mut seconds, mut digits) = (0_i64, 0);
    while let Some(digit @ b'0'..=b'9') = text.as_bytes().get(digits) {
        seconds = seconds.checked_mul(10)?.checked_add(i64::from(digit - b'0'))?;
        digits += 1;
    }
    let canonical = digits == 1 || (digits > 1 && !text.starts_with('0'));
    Some((Timestamp::try_from(seconds).ok().filter(|_| canonical)?, &text[digits..]))
}

/// The text before each of the times, and before the state.
const TIMES: [&str; 3] = [r#","auth_time":"#, r#","iat":"#, r#","exp":"#];
const STATE: &str = r#","state":"#;

/// Writes a token's plaintext; the times are `auth_time`, `iat` and `exp`.
pub(crate) fn write(
    sid: &SessionId,
    times: [Timestamp; 3],
    own: Option<&OwnLifecycle>,
    state: Option<&State>,
) -> String {
    let state = state.map(State::to_json);
    let mut json = String::with_capacity(SIZE_WITHOUT_STATE + state.map_or(0, str::len));
    // Nothing here needs escaping.
    json += r#"{"sid":""#;
    sid.write(&mut json);
    json.push('"');
    for (name, time) in TIMES.into_iter().zip(times) {
        json += name;
        json += &time.as_unix().to_string();
    }
    if let Some(OwnLifecycle { idle_timeout, lifetime, refresh_threshold, browser_session }) = own {
        let (idle_timeout, lifetime) = (idle_timeout.as_secs(), lifetime.as_secs());
        let refresh_below = refresh_threshold.as_secs();
        // Writing to a string can't fail.
        let _infallible = write!(
            json,
            r#","idle_timeout":{idle_timeout},"lifetime":{lifetime},"refresh_below":{refresh_below},"browser_session":{browser_session}"#
        );
    }
    if let Some(state) = state {
        json += STATE;
        json += state;
    }
    json.push('}');
    json
}
