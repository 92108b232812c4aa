//! Nothing is sent in the clear where the settings require TLS.

use test_support::{App, Certificate, Process, SECRET, skip_test, smtp::MailServer, waxseal};

use crate::{add_people, forget, settings, until, waiting};

#[actix_web::test]
async fn a_server_that_does_not_offer_tls_gets_nothing() {
    let server = MailServer::start();
    let url = server.url().replace("smtp://", "smtp://ann:hunter2@") + "?tls=required";
    let app = App::start_with(&settings(&url)).await;
    add_people(&app.database, [0]).await;
    forget(&app, 0).await;
    let failed = "SELECT COUNT(*) FROM mails WHERE attempts > 2 AND claimed_until = 0";
    until(&app, async || app.database.number(failed).await == 1).await;
    assert_eq!(waiting(&app.database).await, 1);
    let error = app.database.text("SELECT last_error FROM mails").await;
    assert!(error.ends_with(" does not offer STARTTLS, so nothing is sent"), "{error}");
    let heard = server.heard();
    assert!(heard.iter().all(|line| line.starts_with("EHLO ") || line == "QUIT"), "{heard:?}");
}

#[actix_web::test]
async fn a_server_whose_certificate_is_not_trusted_gets_nothing() {
    let Some(certificate) = certificate() else { return };
    let server = MailServer::with_tls(&certificate);
    let app = App::start_with(&settings(&format!("{}?tls=required", server.url()))).await;
    add_people(&app.database, [0]).await;
    forget(&app, 0).await;
    let failed = "SELECT COUNT(*) FROM mails WHERE attempts > 2 AND claimed_until = 0";
    until(&app, async || app.database.number(failed).await == 1).await;
    let error = app.database.text("SELECT last_error FROM mails").await;
    assert!(error.contains("certificate"), "{error}");
    let heard = server.heard();
    assert!(heard.iter().all(|line| line.starts_with("EHLO ") || line == "STARTTLS"), "{heard:?}");
    assert_eq!(server.mails().len(), 0);
}

#[test]
fn a_server_with_a_trusted_certificate_gets_the_mail_and_the_password_encrypted() {
    let Some(certificate) = certificate() else { return };
    let server = MailServer::with_tls(&certificate);
    let url = server.url().replace("smtp://", "smtp://ann:hunter2@") + "?tls=required";
    let node = node(&url, &certificate);
    sign_up_and_forget(&node);
    node.wait_for("] mail sent: ");
    let [mail] = &server.mails()[..] else { panic!("{:#?}", server.mails()) };
    assert_eq!(mail.to, "ann@example.com");
    let heard = server.heard();
    assert!(heard.iter().all(|line| line.starts_with("EHLO ") || line == "STARTTLS"), "{heard:?}");
    assert!(!node.stop().iter().any(|line| line.contains("hunter2")));
}

fn certificate() -> Option<Certificate> {
    let certificate = Certificate::create();
    if certificate.is_none() {
        skip_test("OPENSSL", "openssl is missing (Debian: apt-get install openssl)");
    }
    certificate
}

fn node(url: &str, certificate: &Certificate) -> Process {
    let mut waxseal = waxseal!().set("SESSION_SECRET", SECRET);
    for (name, value) in settings(url) {
        waxseal = waxseal.set(name, value);
    }
    waxseal.set("SSL_CERT_FILE", certificate.file().to_str().unwrap()).serve()
}

fn sign_up_and_forget(node: &Process) {
    let form = "email=ann%40example.com";
    let sign_up = format!("{form}&password=violet+anvil+forty+marmots");
    assert_eq!(node.post("/signup", &[], &sign_up).status, 303);
    assert_eq!(node.post("/forgot", &[], form).status, 303);
}
