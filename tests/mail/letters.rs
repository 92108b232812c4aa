//! What a mail is made of, and what never gets into one, or out of it.

use test_support::{App, smtp::MailServer};

use crate::{add_people, address, app, forget, forget_with, settings, until, waiting};

#[actix_web::test]
async fn a_mail_has_the_headers_of_one_that_a_program_sends_and_says_the_same_twice() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, [0]).await;
    forget(&app, 0).await;
    until(&app, async || server.mails().len() == 1).await;
    let [mail] = &server.mails()[..] else { panic!("one mail") };
    for (header, value) in [
        ("From", "Example <noreply@example.com>"),
        ("To", "person0@example.com"),
        ("Subject", "Reset your password"),
        ("Date", "Wed, 18 May 2033 03:33:20 +0000"),
        ("Auto-Submitted", "auto-generated"),
        ("X-Auto-Response-Suppress", "All"),
        ("MIME-Version", "1.0"),
    ] {
        assert_eq!(mail.header(header), value, "{}", mail.raw);
    }
    let kind = mail.header("Content-Type");
    assert!(kind.starts_with("multipart/alternative;"), "{kind}");
    assert!(mail.raw.is_ascii() && mail.raw.lines().all(|line| line.len() < 999));
    let link = mail.link();
    assert!(mail.html().contains(&format!("href=\"{link}\"")), "{}", mail.html());
    assert!(!mail.html().contains("<img") && !mail.html().contains("src="), "{}", mail.html());
}

#[actix_web::test]
async fn the_link_leads_to_the_site_of_the_settings_whatever_the_request_says() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, 0..3).await;
    for (number, header) in ["Host", "X-Forwarded-Host", "Forwarded"].into_iter().enumerate() {
        let value = if header == "Forwarded" { "host=evil.example" } else { "evil.example" };
        forget_with(&app, number, &address(number), &[(header, value)]).await;
    }
    until(&app, async || server.mails().len() == 3).await;
    for mail in server.mails() {
        let link = mail.link();
        assert!(link.starts_with("https://shop.example/reset?t="), "{link}");
        assert!(!mail.raw.contains("evil") && !mail.text().contains("evil"), "{}", mail.raw);
    }
}

#[actix_web::test]
async fn no_line_end_in_a_field_or_a_header_reaches_a_mail_s_headers() {
    let server = MailServer::start();
    // Everyone is one client.
    let app = App::start_with(&settings(&server.url())[..5]).await;
    add_people(&app.database, [0]).await;
    for control in ["\r\n", "\n", "\r", "\0", "\u{85}", "\u{2028}", "%0d%0a", "\u{1b}"] {
        for typed in [
            format!("person0@example.com{control}Bcc: eve@example.com"),
            format!("person0{control}Bcc: eve@example.com"),
            format!("{control}Bcc: eve@example.com{control}, person0@example.com"),
        ] {
            let answer = app.client().post("/forgot", &[("email", &typed)]).await;
            // 400 for a NUL; 429, once as many have come from here as are let in.
            let refused = [400, 422, 429].contains(&answer.status.as_u16());
            assert!(refused, "{typed:?}: {}", answer.status);
        }
    }
    forget_with(&app, 0, &address(0), &[("User-Agent", "Mozilla\tBcc: eve@example.com")]).await;
    until(&app, async || server.mails().len() == 1).await;
    let mails = server.mails();
    assert!(mails.iter().all(|mail| !mail.raw.contains("eve@")), "{mails:#?}");
    assert!(!server.heard().iter().any(|line| line.contains("eve@")));
}

#[actix_web::test]
async fn an_international_domain_is_written_as_mail_servers_know_it() {
    let server = MailServer::start();
    let url = server.url();
    let mut settings = settings(&url);
    settings[1].1 = "M\u{fc}ller & Co <noreply@b\u{fc}cher.example>";
    let app = App::start_with(&settings).await;
    add_people(&app.database, [0]).await;
    let rename = "UPDATE users SET email = 'ann@b\u{fc}cher.example'";
    app.database.execute(rename, &[]).await;
    forget_with(&app, 0, "Ann@B\u{fc}cher.example", &[]).await;
    until(&app, async || server.mails().len() == 1).await;
    let [mail] = &server.mails()[..] else { panic!("one mail") };
    assert_eq!(mail.to, "ann@xn--bcher-kva.example");
    assert_eq!(mail.header("To"), "ann@xn--bcher-kva.example");
    assert!(mail.header("From").ends_with("<noreply@xn--bcher-kva.example>"), "{}", mail.raw);
    assert!(mail.raw.is_ascii(), "{}", mail.raw);
    assert!(mail.text().contains("M\u{fc}ller & Co"), "{}", mail.text());
}

#[actix_web::test]
async fn a_dump_of_the_database_has_no_link_that_works() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, [0]).await;
    server.close();
    forget(&app, 0).await;
    let failed = "SELECT COUNT(*) FROM mails WHERE attempts > 0 AND claimed_until = 0";
    until(&app, async || app.database.number(failed).await == 1).await;
    assert_eq!(waiting(&app.database).await, 1);
    let rows = app.database.texts(
        "SELECT id || kind || COALESCE(user_id, '') || address || data || created_at || due_at
            || attempts || dead_at || COALESCE(last_error, '') FROM mails",
        &[],
    );
    let mut dump = app.database.dump().await;
    dump.extend(rows.await);
    if let Some(file) = app.database.file() {
        for file in [file.clone(), file.with_extension("db-wal")] {
            dump.push(String::from_utf8_lossy(&std::fs::read(file).unwrap()).into_owned());
        }
    }
    server.open();
    add_people(&app.database, [1]).await;
    forget(&app, 1).await;
    until(&app, async || server.mails().len() == 2).await;
    let [first, second] = [0, 1].map(|mail| server.mails()[mail].link());
    let [first, second] = [&first, &second].map(|link| link.split_once("?t=").unwrap().1);
    // Tokens begin with the id of the key that sealed them; the rest is another each time.
    let common = first.bytes().zip(second.bytes()).take_while(|(one, other)| one == other).count();
    let beginning = &first[..common];
    assert!(beginning.len() >= 6, "{first} {second}");
    for row in dump {
        assert!(!row.contains(beginning) && !row.contains("?t="), "{row}");
    }
}
