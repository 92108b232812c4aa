//! The mail server answers, and not as one would like.

use std::time::Duration;

use test_support::{
    App, SECOND,
    smtp::{Answers, MailServer},
};

use crate::{add_people, app, assert_each_came_once, forget, until, waiting};

#[actix_web::test]
async fn a_mail_that_the_server_refuses_is_given_up_at_once() {
    for answers in [Answers::RefusesRecipients(550), Answers::RefusesMails(554)] {
        let server = MailServer::start();
        let app = app(&server).await;
        add_people(&app.database, [0]).await;
        server.set(answers);
        forget(&app, 0).await;
        until(&app, async || waiting(&app.database).await == 0).await;
        let error = app.database.text("SELECT last_error FROM mails WHERE failed_at > 0").await;
        assert!(error.starts_with("the mail server refuses the "), "{error}");
        // The server repeats the address, in upper case.
        assert!(!error.to_lowercase().contains("person0"), "{error}");
        server.set(Answers::Yes);
        app.clock.elapse(3600 * SECOND);
        until(&app, async || waiting(&app.database).await == 0).await;
        assert_eq!(server.mails().len(), 0);
    }
}

#[actix_web::test]
async fn what_the_settings_or_the_server_are_to_blame_for_gives_no_mail_up() {
    for (answers, fault) in [
        (Answers::RefusesEveryone(554), "SMTP_URL: no connection to 127.0.0.1:"),
        (Answers::RefusesEveryone(421), "SMTP_URL: no connection to 127.0.0.1:"),
        (Answers::RefusesUsers, "SMTP_URL: the mail server refuses the user and password: "),
        (Answers::RefusesSenders(550), "MAIL_FROM: the mail server refuses the sender: "),
        (Answers::RefusesSenders(452), "the mail server did not take it: "),
        (Answers::RefusesRecipients(451), "the mail server did not take it: "),
        (Answers::RefusesMails(452), "the mail server did not take it: "),
    ] {
        let server = MailServer::start();
        let url = server.url().replace("smtp://", "smtp://ann:hunter2hunter2@");
        let app = App::start_with(&crate::settings(&url)).await;
        add_people(&app.database, [0]).await;
        server.set(answers);
        forget(&app, 0).await;
        let failed = "SELECT COUNT(*) FROM mails WHERE attempts = 1 AND claimed_until = 0";
        until(&app, async || app.database.number(failed).await == 1).await;
        assert_eq!(waiting(&app.database).await, 1, "{answers:?}");
        let error = app.database.text("SELECT last_error FROM mails").await;
        assert!(error.starts_with(fault), "{answers:?}: {error}");
        assert!(!error.contains("hunter2"), "{error}");
        server.set(Answers::Yes);
        app.clock.elapse(10 * SECOND);
        until(&app, async || waiting(&app.database).await == 0).await;
        assert_each_came_once(&server, [0]);
    }
}

#[actix_web::test]
async fn a_slow_server_gets_each_mail_once() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, 0..10).await;
    server.set(Answers::Slowly(SECOND));
    for number in 0..10 {
        forget(&app, number).await;
    }
    until(&app, async || waiting(&app.database).await == 0).await;
    assert_each_came_once(&server, 0..10);
    assert!(server.connections() <= 5, "{}", server.connections());
}

#[actix_web::test]
async fn a_server_that_never_speaks_is_left_and_the_mail_is_sent_later() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, [0]).await;
    server.set(Answers::Never);
    forget(&app, 0).await;
    // Meanwhile pages are as quick as ever.
    let page = app.client().get("/forgot").await;
    assert_eq!(page.status, 200);
    // A connection may take 10 s, by the system's clock.
    tokio::time::sleep(Duration::from_secs(10)).await;
    let failed = "SELECT COUNT(*) FROM mails WHERE attempts = 1 AND claimed_until = 0";
    test_support::eventually(async || app.database.number(failed).await == 1).await;
    let error = app.database.text("SELECT last_error FROM mails").await;
    assert!(
        error.contains(" did not answer within 10 s (a port with TLS from the start needs "),
        "{error}"
    );
    server.set(Answers::Yes);
    app.clock.elapse(10 * SECOND);
    until(&app, async || waiting(&app.database).await == 0).await;
    assert_each_came_once(&server, [0]);
}

#[actix_web::test]
async fn a_mail_that_comes_twice_because_the_server_hung_up_has_the_same_id() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, [0]).await;
    server.set(Answers::HangsUp);
    forget(&app, 0).await;
    let failed = "SELECT COUNT(*) FROM mails WHERE attempts = 1 AND claimed_until = 0";
    until(&app, async || app.database.number(failed).await == 1).await;
    server.set(Answers::Yes);
    app.clock.elapse(10 * SECOND);
    until(&app, async || waiting(&app.database).await == 0).await;
    let [first, second] = &server.mails()[..] else { panic!("{:#?}", server.mails()) };
    assert_eq!(first.message_id(), second.message_id());
    let id = first.message_id();
    let uuid = id.strip_prefix('<').unwrap().strip_suffix("@shop.example>").unwrap();
    assert_eq!(uuid.len(), 36, "{id}");
}

#[actix_web::test]
async fn a_connection_that_the_server_has_closed_meanwhile_costs_no_attempt() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, 0..2).await;
    forget(&app, 0).await;
    test_support::eventually(async || waiting(&app.database).await == 0).await;
    server.close();
    server.open();
    forget(&app, 1).await;
    test_support::eventually(async || waiting(&app.database).await == 0).await;
    assert_each_came_once(&server, 0..2);
    assert_eq!(server.connections(), 2);
}
