//! The cookie as it was given: a value, a `name=value` pair, or a whole header.

use std::io::{self, IsTerminal, Read, Write};

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue};
use waxseal_session::cookie::{self, CookieLookup};

use crate::cli::output::Failure;

/// The most that is read from standard input: many times what browsers send.
const MAX_INPUT: u64 = 1 << 20;

/// What was found in the input.
pub(super) enum Token {
    One(String),
    /// There are several cookies of the name.
    Several,
}

/// Reads the input from standard input.
pub(super) fn read() -> Result<String, Failure> {
    if io::stdin().is_terminal() {
        writeln!(io::stderr(), "Paste the cookie, then press Enter and Ctrl-D:")?;
    }
    let mut input = String::new();
    let read = io::stdin().lock().take(MAX_INPUT).read_to_string(&mut input);
    read.map_err(|error| format!("standard input can't be read: {error}"))?;
    Ok(input)
}

/// Finds the token: the cookie of the first of these names that the input has.
pub(super) fn find_token(input: &str, names: [&str; 2]) -> Result<Token, Failure> {
    let header = ["set-cookie:", "cookie:"].into_iter().find_map(|name| {
        input.get(..name.len()).filter(|start| start.eq_ignore_ascii_case(name))?;
        Some(&input[name.len()..])
    });
    let pairs = header.unwrap_or(input).trim();
    // No token contains this character.
    if header.is_none() && !pairs.contains('=') {
        return Ok(Token::One(pairs.to_owned()));
    }
    let mut headers = HeaderMap::new();
    let value = HeaderValue::from_str(pairs).map_err(|_| "a cookie is one line of text")?;
    headers.insert(COOKIE, value);
    for name in names {
        match cookie::find(&headers, name) {
            CookieLookup::None => {}
            CookieLookup::One(token) => {
                return Ok(Token::One(String::from_utf8_lossy(token).into_owned()));
            }
            CookieLookup::Several => return Ok(Token::Several),
        }
    }
    let [name, _] = names;
    let settings = "SESSION_COOKIE_NAME and APP_ENV decide its name";
    Err(format!("the input has no cookie {name} ({settings})").into())
}
