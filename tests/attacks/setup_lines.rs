//! Slips in the setup: each is told once for each address, with the setting that fixes it.

use test_support::{EMAIL, PASSWORD};

use crate::visitor::{Server, encoded};

/// Who forwards requests, as this server sees it.
const PEER: &str = "127.0.0.1";

#[test]
fn a_proxy_that_is_not_trusted_is_told_of_once_and_again_when_it_is_limited() {
    let server = Server::start(&[("TRUSTED_PROXIES", "10.0.0.1")]);
    let mut visitor = server.visitor("203.0.113.9");
    for _ in 0..3 {
        assert_eq!(visitor.get("/login").status, 200);
    }
    let mut sign_ups = 0;
    while visitor.post("/signup", "").status != 429 {
        sign_ups += 1;
    }
    assert_eq!(sign_ups, 30, "everyone counts as one address");
    assert_eq!(server.visitor("203.0.113.10").post("/signup", "").status, 429);
    let lines = setup_lines(server);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    for line in &lines {
        assert!(line.contains(&format!(" {PEER} ")), "{line}");
        assert!(line.contains(&format!("add {PEER} to TRUSTED_PROXIES")), "{line}");
        assert!(!line.contains("203.0.113"), "what the client says is not repeated: {line}");
    }
    assert!(lines[1].contains("are being limited"), "{lines:#?}");
}

#[test]
fn a_trusted_proxy_that_names_the_client_elsewhere_is_told_of() {
    let server = Server::start(&[]);
    for _ in 0..2 {
        server.node.get("/login", &["X-Real-IP: 203.0.113.9"]);
    }
    let lines = setup_lines(server);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains(&format!("{PEER} is in TRUSTED_PROXIES, but sends")), "{lines:#?}");
}

#[test]
fn a_host_that_forms_do_not_come_from_is_told_of_once() {
    // With Sec-Fetch-Site the browser vouches for the page, without it the form is refused.
    for (site, status) in [(&["Sec-Fetch-Site: same-origin"][..], 303), (&[], 403)] {
        let server = Server::start(&[]);
        let headers = [&["Origin: https://example.com"], site].concat();
        let form = format!("email={EMAIL}&password={}", encoded(PASSWORD));
        for _ in 0..2 {
            let answer = server.visitor("192.0.2.1").send("POST", "/signup", &headers, &form);
            assert!([status, 422].contains(&answer.status.as_u16()), "{answer:?}");
        }
        let lines = setup_lines(server);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        for text in [
            "a form from https://example.com came with the Host \"localhost\"",
            "proxy_set_header Host $http_host",
            "set PUBLIC_URL=https://example.com",
        ] {
            assert!(lines[0].contains(text), "{text}: {lines:#?}");
        }
    }
}

/// Or a client could use up the line about the operator's own proxy with its own address.
#[test]
fn each_proxy_is_told_of() {
    let server = Server::start(&[]);
    for address in ["203.0.113.9", "198.51.100.7"] {
        let forwarded = format!("X-Forwarded-For: 192.0.2.1, {address}");
        while server.node.post("/signup", &[&forwarded], "").status != 429 {}
    }
    let lines = setup_lines(server);
    assert_eq!(lines.len(), 2, "{lines:#?}");
    assert!(lines[0].contains("add 203.0.113.9 to TRUSTED_PROXIES"), "{lines:#?}");
    assert!(lines[1].contains("add 198.51.100.7 to TRUSTED_PROXIES"), "{lines:#?}");
}

#[test]
fn each_origin_that_the_host_does_not_fit_is_told_of_but_few_of_one_client() {
    let server = Server::start(&[]);
    let send = |address: &str, origin: &str| {
        let headers = [format!("X-Forwarded-For: {address}"), format!("Origin: {origin}")];
        let answer = server.node.post("/login", &[&headers[0], &headers[1]], "");
        assert_eq!(answer.status, 403);
    };
    for number in 0..20 {
        send("203.0.113.9", &format!("https://{number}.example"));
    }
    send("192.0.2.1", "https://example.com");
    let lines = setup_lines(server);
    assert_eq!(lines.len(), 5, "{lines:#?}");
    assert!(lines[4].contains("set PUBLIC_URL=https://example.com"), "{lines:#?}");
}

#[test]
fn a_browser_over_plain_http_is_told_of_once() {
    for path in ["/login", "/signup"] {
        let server = Server::start(&[("APP_ENV", "production"), ("TRUSTED_PROXIES", "")]);
        let browser = "User-Agent: Mozilla/5.0 (X11; Linux x86_64)";
        for _ in 0..2 {
            let page = server.node.get(path, &[browser]);
            assert!(page.contains_text("plain HTTP"), "{page:?}");
        }
        let form = server.node.post(path, &[browser, "Origin: http://localhost"], "");
        assert_eq!(form.status, 403);
        let lines = setup_lines(server);
        assert_eq!(lines.len(), 1, "{lines:#?}");
        for text in ["a browser at 127.0.0.1", "APP_ENV=production", "X-Forwarded-Proto: https"] {
            assert!(lines[0].contains(text), "{text}: {lines:#?}");
        }
    }
}

#[test]
fn a_lost_cookie_is_told_of_once() {
    let server = Server::start(&[]);
    let mut ann = server.signed_up("192.0.2.1", EMAIL);
    ann.cookie = None;
    for _ in 0..2 {
        let led_back = "/login?next=/profile";
        let page = ann.send("GET", led_back, &["Referer: http://localhost/signup"], "");
        assert!(page.contains_text("did not keep the cookie"), "{page:?}");
    }
    let lines = setup_lines(server);
    assert_eq!(lines.len(), 1, "{lines:#?}");
    assert!(lines[0].contains("a browser at 192.0.2.1 logged in"), "{lines:#?}");
}

#[test]
fn what_is_set_up_well_says_nothing() {
    let server = Server::start(&[("APP_ENV", "production")]);
    let mut visitor = server.visitor("203.0.113.9");
    let browser = ["User-Agent: Mozilla/5.0", "Sec-Fetch-Site: same-origin"];
    assert_eq!(visitor.send("GET", "/login", &browser, "").status, 200);
    let old = ["User-Agent: Mozilla/5.0", "Origin: https://localhost", "X-Forwarded-Proto: https"];
    assert_eq!(visitor.send("POST", "/login", &old, "").status, 422);
    // An attacker on another site, where the browser says so.
    let foreign = ["Sec-Fetch-Site: cross-site", "Origin: https://evil.example"];
    assert_eq!(visitor.send("POST", "/login", &foreign, "").status, 403);
    assert_eq!(setup_lines(server), [""; 0]);
}

/// Stops the server; what it has told of its setup.
fn setup_lines(server: Server) -> Vec<String> {
    let log = server.stop();
    log.into_iter().filter(|line| line.contains(" WARN  waxseal::setup] ")).collect()
}
