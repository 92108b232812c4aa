//! Requests that are sent byte for byte as they are written, one to a connection. They need no
//! runtime, and show what happens when the server is killed in the middle.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::{Answer, COOKIE_NAME};

/// The header with the session's cookie.
pub fn session(value: &str) -> String {
    format!("Cookie: {COOKIE_NAME}={value}")
}

/// A GET with these headers; `None` where there is no whole answer.
pub fn get(server: SocketAddr, path: &str, headers: &[&str]) -> Option<Answer> {
    send(server, "GET", path, headers, "")
}

/// A POST of a form with these headers; `None` where there is no whole answer.
pub fn post(server: SocketAddr, path: &str, headers: &[&str], form: &str) -> Option<Answer> {
    send(server, "POST", path, headers, form)
}

/// Any request; `None` where there is no whole answer.
pub fn send(
    server: SocketAddr,
    method: &str,
    path: &str,
    headers: &[&str],
    form: &str,
) -> Option<Answer> {
    Answer::parse(&exchange(server, request(method, path, headers, form))?)
}

/// The text of a request.
pub fn request(method: &str, path: &str, headers: &[&str], form: &str) -> String {
    let headers: String = headers.iter().map(|header| format!("{header}\r\n")).collect();
    let length = form.len();
    let body = match method {
        "POST" => format!(
            "Content-Type: application/x-www-form-urlencoded\r\n\
             Content-Length: {length}\r\n\r\n{form}"
        ),
        _ => "\r\n".to_owned(),
    };
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{headers}{body}")
}

/// Sends bytes, and reads until the server closes the connection; `None` where there is no server.
/// (So the request has to say `Connection: close`, or has to end the connection otherwise.)
pub fn exchange(server: SocketAddr, request: impl AsRef<[u8]>) -> Option<String> {
    let mut stream = TcpStream::connect(server).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request.as_ref()).ok()?;
    let mut answer = Vec::new();
    // A connection that is reset after the answer has still answered.
    let _reset = stream.read_to_end(&mut answer);
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// Sends the head of a request, less the empty line at its end, and returns when the server has begun
/// to read the body.
pub fn begin(server: SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server).unwrap();
    write!(stream, "{head}Expect: 100-continue\r\n\r\n").unwrap();
    let mut go_on = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut go_on).unwrap();
    assert!(go_on.starts_with(b"HTTP/1.1 100 "), "{}", go_on.escape_ascii());
    stream
}
