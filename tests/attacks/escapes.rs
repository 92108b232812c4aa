//! Whatever somebody sends, the log is lines of text.

use test_support::raw;

use crate::visitor::Server;

const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

#[test]
fn nothing_from_a_request_is_in_the_log_as_it_came() {
    // With what the libraries tell, too.
    let server = Server::start(&[("RUST_LOG", "debug")]);
    let address = server.node.address;
    let nasty: [&[u8]; 9] = [
        b"\"x\"200\"",
        b"\x1b[2J\x1b]0;owned\x07",
        b"\xc2\x9b31m",
        b"\r[2026-01-01T00:00:00Z WARN  waxseal::audit] logged in: user root",
        b"\n[2026-01-01T00:00:00Z WARN  waxseal::audit] logged in: user root",
        b"\xe2\x80\xa8second line",
        b"\xe2\x80\xaeright to left",
        b"\xff\xfe\x7f\x08",
        b"%0d%0a%1b%5b31m%00\"\\",
    ];
    for text in nasty {
        let close = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n";
        let end = b"\r\n\r\n";
        let form = [b"email=", text, b"%40example.com&password=", text, b"&next=/", text].concat();
        let length = format!("{FORM}\r\nContent-Length: {}\r\n\r\n", form.len());
        let foreign = b"Sec-Fetch-Site: cross-site\r\nContent-Length: 0";
        for request in [
            [b"GET /", text, close, b"\r\n"].concat(),
            [b"GET /login?next=", text, close, b"\r\n"].concat(),
            [b"POST /", text, close, foreign, end].concat(),
            [text, b" /login", close, b"\r\n"].concat(),
            [b"GET /login".as_slice(), close, b"User-Agent: ", text, end].concat(),
            [b"GET /login".as_slice(), close, b"Cookie: waxseal=", text, end].concat(),
            [b"GET /login".as_slice(), close, b"X-Forwarded-For: ", text, end].concat(),
            [b"GET /login".as_slice(), close, text, b": x", end].concat(),
            [b"POST /login".as_slice(), close, b"Origin: ", text, b"\r\nContent-Length: 0", end]
                .concat(),
            [b"POST /login".as_slice(), close, length.as_bytes(), &form].concat(),
            [b"POST /signup".as_slice(), close, length.as_bytes(), &form].concat(),
            text.to_vec(),
        ] {
            raw::exchange(address, [request.as_slice(), b"\r\n\r\n"].concat());
        }
    }
    let log = server.stop();
    assert!(log.len() > 50, "{log:#?}");
    for line in &log {
        let begins = line.starts_with("[20") && line.get(20..22).is_some_and(|end| end == "Z ");
        assert!(begins, "{line:?}");
        let plain =
            |c: char| !c.is_control() && !('\u{2028}'..='\u{202e}').contains(&c) && c != '\u{fffd}';
        assert!(line.chars().all(plain), "{line:?}");
        assert!(!line.contains("waxseal::audit] logged in"), "{line:?}");
        // What was asked for begins and ends where it says.
        let requests = ["waxseal::access", "cross-origin refused"];
        if requests.iter().any(|request| line.contains(request)) {
            let bare = line.replace(r"\\", "").replace(r#"\""#, "");
            assert_eq!(bare.matches('"').count(), 2, "{line:?}");
        }
    }
    assert!(log.iter().any(|line| line.contains(r#""GET /\"x\"200\"" 404"#)), "{log:#?}");
}
