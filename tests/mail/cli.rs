//! `waxseal mail`.

use serde_json::Value;
use test_support::{
    Certificate, Process, Program, SECRET,
    smtp::{Answers, MailServer},
    waxseal,
};

use crate::settings;

const TEST: [&str; 3] = ["mail", "test", "ann@example.com"];

fn program(url: &str) -> Program {
    let waxseal = waxseal!().set("SESSION_SECRET", SECRET);
    settings(url).into_iter().fold(waxseal, |waxseal, (name, value)| waxseal.set(name, value))
}

#[test]
fn a_test_mail_is_sent_at_once_and_says_who_took_it() {
    let server = MailServer::start();
    let said = program(&server.url()).run(&TEST).success();
    assert_eq!(said, format!("{} accepted a mail to ann@example.com\n", server.address));
    let [mail] = &server.mails()[..] else { panic!("{:#?}", server.mails()) };
    assert_eq!(mail.header("Subject"), "A test mail");
    assert!(mail.text().starts_with("Example can send mail to this address."), "{}", mail.text());
}

#[test]
fn a_test_mail_that_is_not_taken_names_the_setting_to_mend() {
    let server = MailServer::start();
    let url = server.url().replace("smtp://", "smtp://ann:hunter2@");
    for (answers, fault) in [
        (Answers::RefusesEveryone(554), "SMTP_URL: no connection to 127.0.0.1:"),
        (Answers::RefusesUsers, "SMTP_URL: the mail server refuses the user and password: "),
        (Answers::RefusesSenders(550), "MAIL_FROM: the mail server refuses the sender: "),
        (Answers::RefusesRecipients(550), "the mail server refuses the recipient: "),
    ] {
        server.set(answers);
        let refusal = program(&url).run(&TEST).refusal();
        assert!(refusal.starts_with(&format!("waxseal: {fault}")), "{refusal}");
        assert!(!refusal.contains("hunter2"), "{refusal}");
    }
    server.set(Answers::Yes);
    let no_tls = program(&format!("{url}?tls=required")).run(&TEST).refusal();
    assert!(no_tls.contains("does not offer STARTTLS"), "{no_tls}");
    let plain = program(&url.replace("smtp://", "smtps://")).run(&TEST).refusal();
    assert!(
        plain.contains(" (a port without TLS from the start needs smtp://…?tls=required): "),
        "{plain}"
    );
    server.close();
    let closed = program(&url).run(&TEST).refusal();
    assert!(
        closed.contains("SMTP_URL: no connection to ") && closed.contains("refused"),
        "{closed}"
    );
    if let Some(certificate) = Certificate::create() {
        let server = MailServer::with_tls(&certificate);
        let stranger = program(&format!("{}?tls=required", server.url())).run(&TEST).refusal();
        assert!(
            stranger.contains(" (SSL_CERT_FILE names the authorities to trust): "),
            "{stranger}"
        );
    }
    let nowhere = waxseal!().run_with(&TEST, &[("APP_ENV", "production")]).refusal();
    assert_eq!(nowhere, "waxseal: SMTP_URL: is not set, so no mail is sent");
    let nobody = program(&url).run(&["mail", "test", "ann"]).refusal();
    assert!(nobody.contains("\"ann\": "), "{nobody}");
}

#[test]
fn a_test_mail_is_a_file_where_mails_are_files() {
    let waxseal = waxseal!();
    let said = waxseal.run(&TEST).success();
    assert_eq!(said, "a mail to ann@example.com was written to mails\n");
    assert_eq!(std::fs::read_dir(waxseal.folder().join("mails")).unwrap().count(), 1);
}

#[test]
fn what_waits_and_what_was_given_up_is_listed() {
    let server = MailServer::start();
    let waxseal = program(&server.url());
    let node = waxseal.serve();
    assert_eq!(waxseal.run(&["mail", "list"]).success(), "No mails wait.\n");
    assert_eq!(list(&waxseal), Vec::<Value>::new());
    let sign_up = |email: &str| {
        let form = format!("email={email}%40example.com&password=violet+anvil+forty+marmots");
        assert_eq!(node.post("/signup", &[], &form).status, 303);
    };
    sign_up("ann");
    sign_up("bob");
    server.set(Answers::RefusesRecipients(550));
    forget(&node, "ann");
    node.wait_for("] mail failed: ");
    server.set(Answers::RefusesRecipients(451));
    forget(&node, "bob");
    node.wait_for(" was not sent, ");
    let ready = || {
        list(&waxseal).len() == 2 && list(&waxseal).iter().all(|mail| !mail["last_error"].is_null())
    };
    while !ready() {}
    let mails = list(&waxseal);
    let [ann, bob] = &mails[..] else { panic!("{mails:#?}") };
    assert_eq!((&ann["email"], &ann["kind"]), (&"ann@example.com".into(), &"reset".into()));
    assert!(ann["next_attempt"].is_null() && ann["given_up_at"].is_string(), "{ann}");
    assert!(bob["next_attempt"].is_string() && bob["given_up_at"].is_null(), "{bob}");
    assert_eq!(bob["attempts"], 1);
    let table = waxseal.run(&["mail", "list"]).success();
    let lines: Vec<&str> = table.lines().collect();
    assert_eq!(lines.len(), 3, "{table}");
    assert!(lines[0].starts_with("ID  ") && lines[0].contains("  NEXT ATTEMPT  "), "{table}");
    assert!(lines[1].contains("  given up  "), "{table}");
    assert!(lines[2].contains(" UTC  the mail server did not take it: "), "{table}");
    let log = node.stop();
    assert!(!log.iter().any(|line| line.contains("example.com")), "{log:#?}");
}

fn forget(node: &Process, name: &str) {
    let form = format!("email={name}%40example.com");
    assert_eq!(node.post("/forgot", &[], &form).status, 303);
}

fn list(waxseal: &Program) -> Vec<Value> {
    serde_json::from_str(&waxseal.run(&["mail", "list", "--json"]).success()).unwrap()
}

#[test]
fn check_says_where_mail_goes_and_asks_no_server() {
    let server = MailServer::start();
    let said = program(&server.url()).run(&["check"]).stdout;
    assert!(
        said.contains(&format!("ok       SMTP_URL: mails go to {}\n", server.address)),
        "{said}"
    );
    assert_eq!(server.connections(), 0);
    let said = waxseal!().run(&["check"]).stdout;
    assert!(said.contains("ok       MAIL_DIR: mails are written to /"), "{said}");
}
