//! Every line that docs/logs.md promises to defenders, made to happen.

use std::collections::BTreeSet;

use serde_json::json;
use sqlx::{AnyConnection, Connection};
use test_support::{
    COOKIE_NAME, EMAIL, PASSWORD, SECRET,
    smtp::{Answers, MailServer, SentMail},
    wait_for_mails,
};
use waxseal_session::{Keyring, Secret};

use crate::visitor::{Server, Visitor, WRONG, assert_nothing_private, encoded};

const LOGS: &str = include_str!("../../docs/logs.md");
const NEW: &str = "orange ladder seventy geese";

#[actix_web::test]
async fn every_line_for_defenders_is_written_as_it_is_documented() {
    let mail_server = MailServer::start();
    let (smtp_url, every_request) = (mail_server.url(), ("SESSION_REFRESH_BELOW", "7d"));
    let mail = [("SMTP_URL", smtp_url.as_str()), ("MAIL_FROM", "noreply@example.com")];
    let admin = [("ADMIN_EMAIL", "root@example.com"), ("ADMIN_PASSWORD", PASSWORD)];
    // The link that confirms an address opens the same page as the one that changes it.
    let no_confirmation = ("EMAIL_CONFIRMATION", "off");
    let server = Server::start(&[&[every_request, no_confirmation], &mail[..], &admin].concat());
    let mut tokens = Vec::new();
    let mut boss = server.signed_up("192.0.2.1", "boss@example.com");
    execute(&server, "UPDATE users SET role = 'admin'").await;
    boss.log_in("boss@example.com", PASSWORD);
    tokens.extend(boss.cookie.clone());

    what_people_do(&server, &mut boss);
    what_guessers_do(&server);
    what_mails_do(&server, &mail_server);
    what_happens_to_an_address(&server, &mail_server);
    what_is_no_session(&server).await;

    let foreign = &["Sec-Fetch-Site: cross-site"];
    server.visitor("198.51.100.7").send("POST", "/login?a=b", foreign, "");
    server.visitor("198.51.100.8").send("POST", "/\u{9b}31m\"", foreign, "");
    let mut dora = server.signed_up("192.0.2.9", "dora@example.com");
    assert_eq!(dora.get("/admin/users").status, 403);
    let send_reset = format!("/admin/users/{}/send-reset", dora.user());
    assert_eq!(boss.post(&send_reset, "").status, 303);
    boss.send("POST", "/logout", &["Sec-Fetch-Site: same-site"], "");
    execute(&server, "DELETE FROM users").await;
    assert_eq!(boss.get("/profile").status, 303);

    let (documented, database_url) = (documented(), server.database_url.clone());
    let log = [server.stop(), what_confirmations_tell().await].concat();
    let mut seen: BTreeSet<&(&str, &str)> = BTreeSet::new();
    for line in log.iter().filter(|line| line.contains(" waxseal::audit] ")) {
        let fits = documented.iter().filter(|(level, text)| matches(line, level, text));
        let fits: Vec<_> = fits.collect();
        assert_eq!(fits.len(), 1, "{line:?} is documented {} times", fits.len());
        seen.extend(fits);
    }
    let unseen: Vec<_> = documented.iter().filter(|line| !seen.contains(line)).collect();
    assert!(unseen.is_empty(), "{unseen:#?}");
    assert_eq!(reasons_in(&log), documented_reasons());
    assert_nothing_private(&log, &tokens, &database_url);
}

#[actix_web::test]
async fn a_form_that_is_sent_twice_is_one_act() {
    let server = Server::start(&[]);
    server.signed_up("192.0.2.2", EMAIL);
    let form = "6d2c3f2e-7f0b-4d5c-9f43-0a4b0c3e2d11";
    let log_in = format!("email={}&password={}&form={form}", encoded(EMAIL), encoded(PASSWORD));
    let (mut first, mut second) = (server.visitor("192.0.2.2"), server.visitor("192.0.2.2"));
    assert_eq!(first.post("/login", &log_in).status, 303);
    assert_eq!(second.post("/login", &log_in).status, 303);
    let (current, new) = (encoded(PASSWORD), encoded(NEW));
    let change = format!("current_password={current}&new_password={new}");
    assert_eq!(first.post("/profile/password", &change).status, 303);
    assert_eq!(second.post("/profile/password", &change).status, 303);
    assert_eq!(first.post("/profile/password", &change).status, 303);
    let log = server.stop();
    let count = |act: &str| log.iter().filter(|line| line.contains(act)).count();
    assert_eq!(count("waxseal::audit] logged in: "), 1, "{log:#?}");
    assert_eq!(count("waxseal::audit] password changed: "), 1, "{log:#?}");
}

#[actix_web::test]
async fn a_log_out_that_failed_is_not_told() {
    let server = Server::start(&[]);
    let mut ann = server.signed_up("192.0.2.2", EMAIL);
    execute(&server, "ALTER TABLE waxseal_sessions RENAME TO gone").await;
    assert_eq!(ann.post("/logout", "").status, 503);
    execute(&server, "ALTER TABLE gone RENAME TO waxseal_sessions").await;
    assert_eq!(ann.get("/profile").status, 200);
    let log = server.stop();
    assert!(!log.iter().any(|line| line.contains("logged out")), "{log:#?}");
}

fn what_people_do(server: &Server, boss: &mut Visitor) {
    let mut ann = server.signed_up("192.0.2.2", EMAIL);
    let user = ann.user();
    let mut late = ann.clone();
    assert_eq!(ann.log_in(EMAIL, PASSWORD).status, 303);
    assert_eq!(late.get("/profile").status, 303);
    let change = |current: &str| {
        format!("current_password={}&new_password={}", encoded(current), encoded(NEW))
    };
    assert_eq!(ann.post("/profile/password", &change(WRONG)).status, 422);
    assert_eq!(ann.post("/profile/password", &change(PASSWORD)).status, 303);
    assert_eq!(ann.post("/confirm", &format!("password={}", encoded(NEW))).status, 303);
    let session = ann.session();
    let mut copy = ann.clone();
    assert_eq!(ann.post(&format!("/sessions/{session}/revoke"), "").status, 303);
    assert_eq!(copy.get("/profile").status, 303);
    assert_eq!(ann.log_in(EMAIL, NEW).status, 303);
    assert_eq!(server.visitor("192.0.2.2").log_in(EMAIL, NEW).status, 303);
    assert_eq!(ann.post("/sessions/revoke-others", "").status, 303);
    assert_eq!(ann.post("/logout", "").status, 303);
    assert_eq!(ann.log_in(EMAIL, NEW).status, 303);
    assert_eq!(boss.post(&format!("/admin/users/{user}/role"), "role=admin").status, 303);
    assert_eq!(boss.post(&format!("/admin/users/{user}/revoke-sessions"), "").status, 303);
    for (act, log_in) in [("disable", 422), ("enable", 303)] {
        assert_eq!(boss.post(&format!("/admin/users/{user}/{act}"), "").status, 303);
        assert_eq!(ann.log_in(EMAIL, NEW).status, log_in);
    }
    server.visitor("192.0.2.2").log_in(EMAIL, WRONG);
    assert_eq!(boss.post(&format!("/admin/users/{user}/unlock"), "").status, 303);
    assert_eq!(ann.log_in(EMAIL, NEW).status, 303);
    let delete = format!("password={}", encoded(NEW));
    assert_eq!(ann.post("/profile/delete", &delete).status, 303);
}

fn what_happens_to_an_address(server: &Server, mail_server: &MailServer) {
    let (old, new) = ("eve@example.com", "eve@new.example");
    let mut eve = server.signed_up("192.0.2.4", old);
    let user = eve.user();
    let token = |kind: &str, page: &str| {
        server.node.wait_for(&format!("] mail sent: user {user}, kind {kind}, "));
        let mails = mail_server.mails();
        let mail = mails.iter().find(|mail| mail.text().contains(page)).unwrap();
        mail.link().split_once("?t=").unwrap().1.to_owned()
    };
    assert_eq!(eve.post("/profile/email", &format!("email={}", encoded(new))).status, 303);
    let change = token("change-email", "/confirm-email?t=");
    assert_eq!(eve.post("/confirm-email", &format!("t={change}")).status, 303);
    let undo = token("email-changed", "/undo-email?t=");
    assert_eq!(server.visitor("192.0.2.5").post("/undo-email", &format!("t={undo}")).status, 303);
}

/// On a server of its own, because no one gets in there without a confirmation. Other tests see what is told of
/// mails.
async fn what_confirmations_tell() -> Vec<String> {
    let mails = tempfile::tempdir().unwrap();
    let folder = mails.path().display().to_string();
    let server = Server::start(&[("EMAIL_CONFIRMATION", "required"), ("MAIL_DIR", &folder)]);
    let mut ann = server.signed_up("192.0.2.2", EMAIL);
    let token = wait_for_mails(mails.path(), EMAIL, 1).await.remove(0).token();
    let confirm = format!("t={token}&password={}", encoded(PASSWORD));
    assert_eq!(ann.post("/confirm-email", &confirm).status, 303);
    execute(&server, "UPDATE users SET role = 'admin'").await;
    ann.log_in(EMAIL, PASSWORD);
    let invitation = format!("email={}", encoded("bob@example.com"));
    assert_eq!(ann.post("/admin/invitations", &invitation).status, 303);
    let log = server.stop();
    log.into_iter().filter(|line| !line.contains("waxseal::audit] mail ")).collect()
}

fn what_guessers_do(server: &Server) {
    let mut bob = server.signed_up("192.0.2.3", "bob@example.com");
    for _ in 0..5 {
        let wrong = format!("password={}", encoded(WRONG));
        assert_eq!(bob.post("/profile/delete", &wrong).status, 422);
    }
    assert_eq!(bob.post("/profile/delete", "password=x").status, 429);
    for email in ["boss@example.com", "nobody@example.com"] {
        let mut guesser = server.visitor("198.51.100.1");
        for _ in 0..6 {
            guesser.log_in(email, WRONG);
        }
        assert_eq!(guesser.log_in(email, WRONG).status, 429);
    }
    let mut member = server.signed_up("198.51.100.2", "carol@example.com");
    let mut crowd = server.visitor("198.51.100.2");
    while crowd.post("/signup", "").status != 429 {}
    while crowd.post("/login", "").status != 429 {}
    assert_eq!(member.post("/profile/delete", "password=x").status, 429);
}

fn what_mails_do(server: &Server, mail_server: &MailServer) {
    let mut erin = server.signed_up("192.0.2.20", "erin@example.com");
    let user = erin.user();
    let forget = |email: &str| {
        let form = format!("email={email}");
        assert_eq!(server.visitor("192.0.2.20").post("/forgot", &form).status, 303);
    };
    forget("erin@example.com");
    server.node.wait_for("] mail sent: kind reset, ");
    let mails = mail_server.mails();
    let is_reset =
        |mail: &&SentMail| mail.to == "erin@example.com" && mail.text().contains("/reset?t=");
    let link = mails.iter().find(is_reset).unwrap().link();
    let (_, token) = link.split_once("?t=").unwrap();
    let reset = format!("t={token}&new_password={}", encoded(NEW));
    assert_eq!(erin.post("/reset", &reset).status, 303);
    server.node.wait_for(&format!("] mail sent: user {user}, kind password-changed, "));
    mail_server.set(Answers::RefusesRecipients(550));
    forget("boss@example.com");
    server.node.wait_for("] mail failed: kind reset, ");
    assert_eq!(erin.log_in("erin@example.com", NEW).status, 303);
    let change = format!("current_password={}&new_password={}", encoded(NEW), encoded(PASSWORD));
    assert_eq!(erin.post("/profile/password", &change).status, 303);
    server.node.wait_for(&format!("] mail failed: user {user}, kind password-changed, "));
    mail_server.set(Answers::Yes);
    let mut crowd = server.visitor("192.0.2.20");
    while crowd.post("/forgot", "").status != 429 {}
}

async fn what_is_no_session(server: &Server) {
    let keyring = Keyring::new(&Secret::new(SECRET).unwrap());
    let stranger = Keyring::new(&Secret::generate());
    let purpose = "session:waxseal";
    let claims = |iat: i64, exp: i64| {
        let sid = "AAAAAAAAAAAAAAAAAAAAAA";
        json!({ "sid": sid, "auth_time": iat, "iat": iat, "exp": exp })
    };
    let somebody = "5f0c7bb2-7bd7-4b4c-8a0a-6c3c1f1f5a77";
    let with_state = |iat: i64, exp: i64| {
        let mut claims = claims(iat, exp);
        claims["state"] = json!({ "user_id": somebody, "role": "user" });
        claims.to_string()
    };
    let seal = |plaintext: &str| keyring.seal(purpose, plaintext.as_bytes());
    let now = std::time::SystemTime::now();
    let now = now.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let good = with_state(now, now + 1000);
    let mut visitor = server.visitor("198.51.100.4");
    for cookie in [
        "garbage".to_owned(),
        "one; waxseal=two".to_owned(),
        stranger.seal(purpose, good.as_bytes()),
        keyring.seal("session:other", good.as_bytes()),
        seal("{}"),
        seal(&with_state(now - 10, now - 5)),
        seal(&claims(now - 10, now - 5).to_string()),
        seal(&with_state(now + 500, now + 1000)),
        // Nobody has opened it, so the refresh finds no row.
        seal(&good),
    ] {
        let answer = visitor.get_with_cookie(&cookie);
        let cleared = format!("{COOKIE_NAME}=;");
        let set = answer.set_cookies();
        assert!(set.iter().any(|set| set.starts_with(&cleared)), "{cookie}: {answer:?}");
    }
}

pub async fn execute(server: &Server, sql: &'static str) {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(&server.database_url).await.unwrap();
    sqlx::query(sql).execute(&mut connection).await.unwrap();
}

/// The levels and texts that the page promises.
fn documented() -> BTreeSet<(&'static str, &'static str)> {
    let rows = LOGS.lines().filter_map(|line| {
        let (level, rest) = line.strip_prefix("| ")?.split_once(" | `")?;
        Some((level, rest.split_once("` |")?.0))
    });
    let lines: BTreeSet<_> = rows.filter(|(level, _)| ["INFO", "WARN"].contains(level)).collect();
    assert!(lines.len() > 15, "{lines:?}");
    lines
}

fn documented_reasons() -> BTreeSet<String> {
    let (_, rest) = LOGS.split_once("| reason |").unwrap();
    let rows = rest.lines().skip(2).take_while(|line| line.starts_with("| `"));
    rows.map(|line| line.split('`').nth(1).unwrap().to_owned()).collect()
}

fn reasons_in(log: &[String]) -> BTreeSet<String> {
    let rests = log.iter().filter_map(|line| line.split("] cookie rejected: ").nth(1));
    rests.map(|rest| rest.split(',').next().unwrap().to_owned()).collect()
}

/// Whether a line is what the page promises: the same words, and in the gaps what belongs there.
fn matches(line: &str, level: &str, text: &str) -> bool {
    let (head, said) = line.split_once(" waxseal::audit] ").unwrap();
    if head.trim_end().rsplit(' ').next() != Some(level) {
        return false;
    }
    let mut said = said;
    let mut parts = text.split('{');
    let Some(rest) = said.strip_prefix(parts.next().unwrap()) else { return false };
    said = rest;
    for part in parts {
        let (gap, words) = part.split_once('}').unwrap();
        let end = match words {
            "" => said.len(),
            words => match said.find(words) {
                Some(end) => end,
                None => return false,
            },
        };
        if !fits(gap, &said[..end]) {
            return false;
        }
        said = &said[end + words.len()..];
    }
    said.is_empty()
}

fn fits(gap: &str, text: &str) -> bool {
    let of = |allowed: fn(char) -> bool| !text.is_empty() && text.chars().all(allowed);
    match gap {
        "user" => text.len() == 36 && of(|c| c.is_ascii_hexdigit() || c == '-'),
        "session" => text.len() == 22 && of(|c| c.is_ascii_alphanumeric() || "-_".contains(c)),
        "address" => text.parse::<std::net::IpAddr>().is_ok(),
        "time" => text.len() == 20 && text.ends_with('Z'),
        "number" => text.parse::<u32>().is_ok(),
        "role" => ["user", "admin"].contains(&text),
        "method" => of(|c| c.is_ascii_uppercase()),
        "mail" => text.parse::<uuid::Uuid>().is_ok(),
        "kind" => waxseal::domain::MailContent::KINDS.contains(&text),
        "cause" => !text.is_empty() && !text.contains('@'),
        "path" => of(|c| c.is_ascii_graphic()),
        "reason" => of(|c| c.is_ascii_lowercase() || c == ' '),
        other => panic!("{{{other}}}: what may stand there?"),
    }
}
