//! The mails that development shows instead of sending them.

use std::fs;

use test_support::{App, EMAIL};

#[actix_web::test]
async fn a_mail_is_listed_and_its_link_leads_on_without_a_log_in() {
    let app = App::start().await;
    app.signed_up(EMAIL).await;
    let mut client = app.client();
    assert!(client.get("/dev/mails").await.body.contains("No mails yet."));
    client.post("/forgot", &[("email", EMAIL)]).await;
    let sent = client.get("/forgot/sent").await;
    assert!(sent.body.contains("href=\"/dev/mails\""), "{}", sent.body);
    app.mail(EMAIL, 1).await;
    fs::write(app.mails.path().join("notes.eml"), "not one of ours").unwrap();

    let list = client.get("/dev/mails").await;
    assert_eq!(list.status, 200);
    assert!(list.body.contains(EMAIL) && list.body.contains("just now"), "{}", list.body);
    let row = list.body.split("<a href=\"/dev/mails/").nth(1).unwrap();
    let (id, rest) = row.split_once('"').unwrap();
    assert!(rest.starts_with(">Reset your password</a>"), "{}", list.body);
    let mail = client.get(&format!("/dev/mails/{id}")).await;
    let link = mail.body.split("<a href=\"http").nth(1).unwrap().split('"').next().unwrap();
    let (_, path) = link.split_once(&app.address.to_string()).unwrap();
    assert!(path.starts_with("/reset?t="), "{link}");
    assert_eq!(client.get(path).await.status, 200);

    let html = client.get(&format!("/dev/mails/{id}/html")).await;
    assert_eq!(html.status, 200);
    assert!(html.body.contains(&format!("href=\"http{link}\"")), "{}", html.body);
    let policy = html.headers["content-security-policy"].to_str().unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'unsafe-inline';"), "{policy}");
}

#[actix_web::test]
async fn no_id_leads_out_of_the_folder() {
    let outside = tempfile::tempdir().unwrap();
    let mails = outside.path().join("mails").display().to_string();
    let app = App::start_with(&[("MAIL_DIR", &mails)]).await;
    let id = "018f0000-0000-7000-8000-000000000000";
    let secret = outside.path().join(format!("{id}.eml"));
    fs::write(secret, "Subject: secret\r\n\r\nsecret").unwrap();
    for path in [
        id.to_owned(),
        format!("..%2F{id}"),
        format!("%2e%2e/{id}"),
        format!("..%5c{id}"),
        format!("{id}.eml"),
        "..".to_owned(),
        "%00".to_owned(),
    ] {
        for path in [format!("/dev/mails/{path}"), format!("/dev/mails/{path}/html")] {
            let answer = app.raw(format!(
                "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            ));
            assert!(answer.starts_with("HTTP/1.1 404 "), "{path}: {answer}");
            assert!(!answer.contains("secret"));
        }
    }
}

#[actix_web::test]
async fn where_mails_go_to_a_server_or_in_production_there_are_none_to_see() {
    let smtp = [("SMTP_URL", "smtp://127.0.0.1:1"), ("MAIL_FROM", "noreply@example.com")];
    let production = [("APP_ENV", "production"), ("PUBLIC_URL", "https://example.com")];
    for settings in [smtp, production] {
        let app = App::start_with(&settings).await;
        for path in ["/dev/mails", "/dev/mails/018f0000-0000-7000-8000-000000000000"] {
            assert_eq!(app.client().get(path).await.status, 404, "{path}");
        }
    }
}

/// A website can have its own name lead to this machine, and read what is answered to it (DNS rebinding).
#[actix_web::test]
async fn under_a_foreign_name_there_are_none_to_see() {
    let app = App::start_with(&[("PUBLIC_URL", "http://waxseal.lan:8080")]).await;
    for (host, status) in [
        ("localhost:8080", 200),
        ("127.0.0.1", 200),
        ("[::1]:8080", 200),
        ("waxseal.lan:8080", 200),
        ("evil.example", 404),
        ("evil.example:8080", 404),
        ("localhost.evil.example", 404),
        ("127.0.0.1.evil.example", 404),
    ] {
        let request =
            format!("GET /dev/mails HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
        let answer = app.raw(request);
        assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{host}: {answer}");
    }
}
