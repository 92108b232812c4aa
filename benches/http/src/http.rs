//! As much of an HTTP client as it takes to log in and to look at an answer.

use std::{
    io::{self, Read, Write},
    net::TcpStream,
    time::Duration,
};

pub struct Answer {
    pub status: u16,
    pub text: String,
}

pub fn get(port: u16, path: &str, cookie: &str) -> io::Result<Answer> {
    ask(port, &format!("GET {path} HTTP/1.1\r\nCookie: {cookie}\r\n"), "")
}

pub fn post(port: u16, path: &str, form: &str) -> io::Result<Answer> {
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let length = form.len();
    ask(port, &format!("POST {path} HTTP/1.1\r\n{kind}\r\nContent-Length: {length}\r\n"), form)
}

fn ask(port: u16, head: &str, body: &str) -> io::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    write!(stream, "{head}Host: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n{body}")?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let status = text.split(' ').nth(1).and_then(|status| status.parse().ok());
    let status = status.ok_or_else(|| io::Error::other("no answer"))?;
    Ok(Answer { status, text })
}

impl Answer {
    /// The cookie that it sets: name and value.
    pub fn cookie(&self) -> Option<&str> {
        let cookie = self.text.lines().find_map(|line| {
            let (name, value) = line.split_once(": ")?;
            name.eq_ignore_ascii_case("set-cookie").then_some(value)
        })?;
        cookie.split(';').next()
    }
}
