//! Parses any bytes as `Cookie` headers, one per line. The session cookie must be found exactly if a
//! second parser finds it; no other cookie may hide it or be mistaken for it.

#![no_main]

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use libfuzzer_sys::fuzz_target;
use waxseal_session::cookie::{CookieLookup, find};

/// Names in development and in production, and a prefix of one.
const NAMES: [&str; 3] = ["session", "__Host-session", "s"];

/// Cookies that other software has mistaken for one of these.
const NEIGHBOURS: [&[u8]; 5] = [
    b"__%48ost-session=1; sessio%6e=2; %73=3",
    b"Session=1; __host-session=2; S=3",
    b"$session=1; \xff\xfe=\xfd; a=\xf0\x28\x8c\x28",
    b"session ; __Host-session ;;; = ; =session; s",
    b"a=\"session=1, s=2\", __Host-session=3",
];

fuzz_target!(|data: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in data.split(|byte| *byte == b'\n') {
        // Invalid header values never get this far.
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        headers.append(COOKIE, value);
    }
    for name in NAMES {
        let found = find(&headers, name);
        match values(&headers, name).as_slice() {
            [] => assert_eq!(found, CookieLookup::None),
            [value] => assert_eq!(found, CookieLookup::One(value)),
            _ => assert_eq!(found, CookieLookup::Several),
        }
        for neighbour in NEIGHBOURS {
            let mut company = headers.clone();
            company.append(COOKIE, HeaderValue::from_bytes(neighbour).unwrap());
            assert_eq!(find(&company, name), found, "{neighbour:?}");
        }
        check_one_more(&headers, name, &found);
    }
});

/// The values of all cookies with this name. A name ends at the first `=`, a cookie at a `;`; white space
/// around a cookie is ignored (RFC 6265bis, section 5.6).
fn values(headers: &HeaderMap, name: &str) -> Vec<Vec<u8>> {
    let is_space = |byte: &u8| matches!(byte, b' ' | b'\t');
    let mut values = Vec::new();
    for header in headers.get_all(COOKIE) {
        let mut rest = header.as_bytes();
        while !rest.is_empty() {
            let end = rest.iter().position(|byte| *byte == b';').unwrap_or(rest.len());
            let cookie = &rest[..end];
            rest = rest.get(end + 1..).unwrap_or_default();
            let Some(equals) = cookie.iter().position(|byte| *byte == b'=') else { continue };
            let its_name: Vec<u8> = cookie[..equals].iter().copied().skip_while(is_space).collect();
            if its_name == name.as_bytes() {
                let mut value = cookie[equals + 1..].to_vec();
                while value.last().is_some_and(is_space) {
                    value.pop();
                }
                values.push(value);
            }
        }
    }
    values
}

/// Adding a cookie of this name turns none into one, and one into several.
fn check_one_more(headers: &HeaderMap, name: &str, found: &CookieLookup<'_>) {
    let mut more = headers.clone();
    more.append(COOKIE, HeaderValue::try_from(format!("a=b; {name}=x=y ;")).unwrap());
    let expected = if *found == CookieLookup::None {
        CookieLookup::One(b"x=y")
    } else {
        CookieLookup::Several
    };
    assert_eq!(find(&more, name), expected);
}
