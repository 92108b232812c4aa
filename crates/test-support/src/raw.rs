//! Requests sent byte for byte, one per connection. They need no async runtime, and also work while the
//! server is being killed.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    time::Duration,
};

use crate::{Answer, COOKIE_NAME};

/// The `Cookie` header with this session cookie.
pub fn session(value: &str) -> String {
    format!("Cookie: {COOKIE_NAME}={value}")
}

/// Sends a GET with these headers; `None` if there is no complete response.
pub fn get(server: SocketAddr, path: &str, headers: &[&str]) -> Option<Answer> {
    send(server, "GET", path, headers, "")
}

/// POSTs a form with these headers; `None` if there is no complete response.
pub fn post(server: SocketAddr, path: &str, headers: &[&str], form: &str) -> Option<Answer> {
    send(server, "POST", path, headers, form)
}

/// Sends any request; `None` if there is no complete response.
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

/// Sends bytes and reads until the server closes the connection, so the request must make it do so, as
/// with `Connection: close`. `None` if no server listens.
pub fn exchange(server: SocketAddr, request: impl AsRef<[u8]>) -> Option<String> {
    let mut stream = TcpStream::connect(server).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(request.as_ref()).ok()?;
    let mut answer = Vec::new();
    // A reset after the response is no failure.
    let _reset = stream.read_to_end(&mut answer);
    Some(String::from_utf8_lossy(&answer).into_owned())
}

/// Sends a request head, given without its final empty line, and waits until the server starts to read
/// the body.
pub fn begin(server: SocketAddr, head: &str) -> TcpStream {
    let mut stream = TcpStream::connect(server).unwrap();
    write!(stream, "{head}Expect: 100-continue\r\n\r\n").unwrap();
    let mut response = [0; "HTTP/1.1 100 Continue\r\n\r\n".len()];
    stream.read_exact(&mut response).unwrap();
    assert!(response.starts_with(b"HTTP/1.1 100 "), "{}", response.escape_ascii());
    stream
}
