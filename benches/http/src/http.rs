//! A minimal HTTP client that can log in and read a response.

use test_support::{Answer, raw};

pub fn get(port: u16, path: &str, cookie: &str) -> Option<Answer> {
    raw::get(([127, 0, 0, 1], port).into(), path, &[&format!("Cookie: {cookie}")])
}

pub fn post(port: u16, path: &str, form: &str) -> Option<Answer> {
    raw::post(([127, 0, 0, 1], port).into(), path, &[], form)
}

/// The cookie that a response sets: name and value.
pub fn cookie(answer: &Answer) -> Option<&str> {
    answer.set_cookies().first()?.split(';').next()
}

/// The approximate length of a response: status, headers and body.
pub fn length(answer: &Answer) -> usize {
    let headers = answer.headers.iter().map(|(name, value)| name.as_str().len() + value.len() + 4);
    "HTTP/1.1 200 OK\r\n\r\n".len() + headers.sum::<usize>() + answer.body.len()
}
