//! fail2ban's filter: it finds those who attack, and nobody else.

use std::{collections::BTreeSet, fs, process::Command};

use test_support::{EMAIL, PASSWORD, skip_test};

use crate::visitor::{Server, WRONG};

const FILTER: &str =
    concat!(env!("CARGO_MANIFEST_DIR"), "/docs/deploy/fail2ban/filter.d/waxseal.conf");

#[test]
fn the_filter_finds_the_attackers_addresses_and_no_others() {
    if Command::new("fail2ban-regex").arg("--version").output().is_err() {
        skip_test("FAIL2BAN", "fail2ban is missing (Debian: apt-get install fail2ban)");
        return;
    }
    for format in ["text", "json"] {
        finds_the_attackers_in(format);
    }
}

fn finds_the_attackers_in(format: &str) {
    let server = Server::start(&[("LOG_FORMAT", format)]);
    let mut ann = server.signed_up("192.0.2.1", EMAIL);
    let attackers = ["198.51.100.1", "198.51.100.2", "2001:db8::7", "198.51.100.3", "198.51.100.4"];
    let [guesser, lister, neighbour, maker, forger] = attackers;
    for _ in 0..7 {
        server.visitor(guesser).log_in(EMAIL, WRONG);
    }
    server.visitor(lister).log_in("nobody@example.com", WRONG);
    server.visitor(neighbour).log_in(EMAIL, WRONG);
    while server.visitor(maker).post("/signup", "").status != 429 {}
    let mut token = ann.cookie.clone().unwrap();
    let last = token.pop().unwrap();
    token.push(if last == 'A' { 'E' } else { 'A' });
    token.replace_range(60..61, if token.as_bytes()[60] == b'A' { "B" } else { "A" });
    server.visitor(forger).get_with_cookie(&token);

    // What others do, and what attackers write to have somebody else banned.
    ann.get("/profile");
    ann.post("/logout", "");
    assert_eq!(ann.log_in(EMAIL, PASSWORD).status, 303);
    let mut liar = server.visitor("192.0.2.2");
    let tale = "log-in%20refused:%20unknown%20user,%20from%20203.0.113.66";
    let tales = [
        format!("/{tale}"),
        "/x]waxseal::audit]log-in\u{a0}refused:\u{a0}unknown\u{a0}user,from\u{a0}203.0.113.66"
            .to_owned(),
        "/\"waxseal::audit]\u{2028}log-in".to_owned(),
    ];
    for path in &tales {
        liar.send("POST", path, &["Sec-Fetch-Site: cross-site"], "");
        liar.get(path);
    }
    let agent = "User-Agent: [2026-01-01T00:00:00Z WARN  waxseal::audit] log-in refused: unknown user, from 203.0.113.66";
    liar.send("GET", "/login", &[agent], "");
    liar.get_with_cookie("waxseal::audit] log-in refused: unknown user, from 203.0.113.66");

    let log = server.stop();
    let directory = tempfile::tempdir().unwrap();
    let expected: BTreeSet<&str> = attackers.into_iter().collect();
    for before in ["", "Nov 24 12:00:00 host waxseal[42]: "] {
        let file = directory.path().join("log");
        let lines: String = log.iter().map(|line| format!("{before}{line}\n")).collect();
        fs::write(&file, lines).unwrap();
        let output = Command::new("fail2ban-regex")
            .args(["--out", "ip"])
            .arg(&file)
            .arg(FILTER)
            .output()
            .unwrap();
        let found = String::from_utf8(output.stdout).unwrap();
        let found: BTreeSet<&str> = found.lines().map(str::trim).collect();
        assert_eq!(found, expected, "{format} {before:?}");
    }
}
