//! Parses any bytes as claims. Claims must survive a round trip, and must parse exactly if another JSON
//! parser finds them complete, of the right types and in range.

#![no_main]

use libfuzzer_sys::fuzz_target;
use serde_json::Value;
use waxseal_session::claims::{Claims, OwnLifecycle};

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

    // Claims that are spelt as they are sealed are read by a shorter way. With a space before, they are
    // not: both ways must agree.
    let spaced = Claims::from_json(&[b" ", data].concat()).ok();
    assert_eq!(spaced.as_ref().map(fields), claims.as_ref().map(fields));

    // The other parser rejects more (numbers too large for a float, lone surrogates), so it is compared
    // only if it accepts the text. It also accepts duplicate keys, so its output is serialized and
    // parsed again.
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

type Fields = (String, [i64; 3], Option<OwnLifecycle>, Option<String>);

fn fields(claims: &Claims) -> Fields {
    let times = [claims.auth_time, claims.iat, claims.exp].map(|time| time.as_unix());
    let state = claims.state.as_ref().map(|state| state.to_json().to_owned());
    (claims.sid.to_string(), times, claims.own, state)
}

/// Whether these are valid claims by docs/seal-format.md.
fn is_a_session(value: &Value) -> bool {
    let Some(claims) = value.as_object() else { return false };
    let is_time = |name: &str| {
        let time = claims.get(name).and_then(Value::as_i64);
        time.is_some_and(|time| (0..=LAST_SECOND).contains(&time))
    };
    let sid = claims.get("sid").and_then(Value::as_str);
    let may_be = |name: &str, is_valid: fn(&Value) -> bool| {
        claims.get(name).is_none_or(|value| value.is_null() || is_valid(value))
    };
    sid.is_some_and(is_sid)
        && may_be("idle_timeout", Value::is_u64)
        && may_be("lifetime", Value::is_u64)
        && may_be("browser_session", Value::is_boolean)
        && is_time("auth_time")
        && is_time("iat")
        && is_time("exp")
        && claims.get("state").is_none_or(Value::is_object)
}

/// 22 characters of base64url hold 132 bits; the last four must be zero.
fn is_sid(text: &str) -> bool {
    text.len() == 22
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && text.ends_with(['A', 'Q', 'g', 'w'])
}
