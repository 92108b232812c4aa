//! Any bytes as a token's plaintext: what is read as a session's claims is written as it was read,
//! and it is read exactly where another reader of JSON finds the claims, of the right types and in
//! range.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use waxseal_session::{State, claims::Claims};

/// 9999-12-31T23:59:59Z.
const LAST_SECOND: i64 = 253_402_300_799;

fuzz_target!(|data: &[u8]| {
    let claims = Claims::from_json(data).ok();
    if let Some(claims) = &claims {
        let written = claims.to_json();
        let again = Claims::from_json(written.as_bytes()).unwrap();
        assert_eq!(fields(&again), fields(claims));
        assert_eq!(again.to_json(), written);
    }

    // Another reader. It refuses more (numbers that no float holds, lone surrogates), so it is only
    // asked where it takes the text; and that a claim is there twice is nothing to it, so what it
    // made of the text is written and read once more.
    let Ok(value) = serde_json::from_slice::<Value>(data) else { return };
    let plain = value.to_string();
    let read = Claims::from_json(plain.as_bytes()).ok();
    assert_eq!(read.is_some(), is_a_session(&value), "{plain}");
    if let Some(claims) = claims {
        let read = read.unwrap();
        assert_eq!((read.sid, read.auth_time), (claims.sid, claims.auth_time));
        assert_eq!((read.iat, read.exp), (claims.iat, claims.exp));
        let state = claims.state.map(|state| state.to_json().parse::<Value>().unwrap());
        assert_eq!(state.as_ref(), value.get("state"));
    }
});

fn fields(claims: &Claims) -> (String, [i64; 3], Option<String>) {
    let times = [claims.auth_time, claims.iat, claims.exp].map(|time| time.as_unix());
    (claims.sid.to_string(), times, claims.state.as_ref().map(State::to_json))
}

/// Whether these are the claims of docs/seal-format.md.
fn is_a_session(value: &Value) -> bool {
    let Some(claims) = value.as_object() else { return false };
    let is_time = |name: &str| {
        let time = claims.get(name).and_then(Value::as_i64);
        time.is_some_and(|time| (0..=LAST_SECOND).contains(&time))
    };
    let sid = claims.get("sid").and_then(Value::as_str);
    sid.is_some_and(is_sid)
        && is_time("auth_time")
        && is_time("iat")
        && is_time("exp")
        && claims.get("state").is_none_or(Value::is_object)
}

/// 22 characters of base64url are 132 bits, of which the last four are none of the 16 bytes.
fn is_sid(text: &str) -> bool {
    text.len() == 22
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && text.ends_with(['A', 'Q', 'g', 'w'])
}
