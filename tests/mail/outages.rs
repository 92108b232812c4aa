//! The mail server is away, for a while or for too long.

use std::time::Duration;

use test_support::{
    App, HOUR, SECOND,
    smtp::{Answers, MailServer},
};

use crate::{add_people, app, assert_each_came_once, forget, settings, until, waiting};

#[actix_web::test]
async fn a_hundred_mails_asked_for_while_the_server_is_down_all_arrive_and_none_twice() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, 0..100).await;
    server.close();
    for number in 0..100 {
        forget(&app, number).await;
    }
    assert_eq!(waiting(&app.database).await, 100);
    server.open();
    app.clock.elapse(60 * SECOND);
    until(&app, async || waiting(&app.database).await == 0).await;
    assert_each_came_once(&server, 0..100);
}

#[actix_web::test]
async fn a_mail_that_could_not_be_sent_is_tried_again_after_growing_waits() {
    let server = MailServer::start();
    let app = app(&server).await;
    server.set(Answers::RefusesRecipients(451));
    // Of use for 3 days, which are enough for all the waits.
    queue(&app, "confirm").await;
    let minute = 60 * SECOND;
    let waits = [10 * SECOND, minute, 5 * minute, 15 * minute, HOUR, HOUR, HOUR];
    for (attempts, wait) in (1..).zip(waits) {
        until(&app, async || tried(&app, attempts).await).await;
        let due_at = app.database.number("SELECT due_at FROM mails").await;
        let left = due_at - app.clock.now().as_unix();
        let wait_seconds = wait.as_secs().cast_signed();
        // While the test looked, a few seconds may have passed.
        assert!((wait_seconds - 9..=wait_seconds).contains(&left), "{attempts}: {left}");
        if attempts == 7 {
            server.set(Answers::Yes);
        }
        app.clock.elapse(wait);
    }
    until(&app, async || waiting(&app.database).await == 0).await;
    let heard = server.heard();
    let tries = heard.iter().filter(|line| line.starts_with("RCPT")).count();
    assert_eq!((server.mails().len(), tries), (1, waits.len() + 1));
}

#[actix_web::test]
async fn a_link_whose_use_is_over_is_not_sent_and_one_is_tried_until_shortly_before() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, 0..2).await;
    server.close();
    forget(&app, 0).await;
    // The waits would end after 21 minutes; the link is of use for an hour.
    for attempts in 1..=5 {
        until(&app, async || tried(&app, attempts).await).await;
        let due_at = app.database.number("SELECT due_at FROM mails").await;
        app.clock.elapse(Duration::from_secs((due_at - app.clock.now().as_unix()).unsigned_abs()));
        if attempts == 5 {
            let left = app.database.number("SELECT dead_at FROM mails").await;
            assert_eq!(left - app.clock.now().as_unix(), 60);
        }
    }
    let given_up = "SELECT COUNT(*) FROM mails WHERE failed_at IS NOT NULL AND attempts = 6";
    until(&app, async || app.database.number(given_up).await == 1).await;
    forget(&app, 1).await;
    app.clock.advance(HOUR);
    server.open();
    until(&app, async || waiting(&app.database).await == 0).await;
    assert_eq!(server.mails().len(), 0);
    // Who asks again gets a mail.
    app.clock.elapse(60 * SECOND);
    forget(&app, 0).await;
    until(&app, async || server.mails().len() == 1).await;
}

#[actix_web::test]
async fn who_asks_again_during_an_outage_gets_one_mail_and_at_once_when_it_is_over() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, [0]).await;
    server.close();
    for _ in 0..3 {
        forget(&app, 0).await;
        until(&app, async || tried(&app, 1).await).await;
        app.clock.advance(20 * 60 * SECOND);
    }
    server.open();
    // An hour after the first time, its link would be of no use.
    forget(&app, 0).await;
    until(&app, async || waiting(&app.database).await == 0).await;
    assert_each_came_once(&server, [0]);
}

#[actix_web::test]
async fn a_mail_that_can_not_be_read_keeps_no_other_from_being_sent() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, 0..10).await;
    for data in ["7", "{", "null"] {
        let sql = "INSERT INTO mails (id, kind, address, data, created_at, due_at, claimed_until, attempts,
                       dead_at)
                   VALUES ($1, 'of-a-later-version', 'x@example.com', $2, 0, 0, 0, 0, 9000000000)";
        let id = format!("00000000-0000-7000-8000-0000000000{:02x}", data.as_bytes()[0]);
        app.database.execute(sql, &[&id, data]).await;
    }
    for number in 0..10 {
        forget(&app, number).await;
    }
    until(&app, async || server.mails().len() == 10).await;
    until(&app, async || waiting(&app.database).await == 3).await;
    assert_each_came_once(&server, 0..10);
    let error = app.database.text("SELECT last_error FROM mails").await;
    assert_eq!(error, "this version of waxseal does not know what the mail says");
}

#[actix_web::test]
async fn mails_wait_while_the_database_is_away_and_none_is_sent_twice() {
    let server = MailServer::start();
    let app = app(&server).await;
    add_people(&app.database, 0..5).await;
    server.set(Answers::Slowly(SECOND / 2));
    for number in 0..5 {
        forget(&app, number).await;
    }
    until(&app, async || !server.heard().is_empty()).await;
    app.database.execute("ALTER TABLE mails RENAME TO away", &[]).await;
    test_support::eventually(async || server.mails().len() == 5).await;
    // The claims are over before the mails can be deleted.
    app.clock.elapse(120 * SECOND);
    app.database.execute("ALTER TABLE away RENAME TO mails", &[]).await;
    until(&app, async || waiting(&app.database).await == 0).await;
    assert_each_came_once(&server, 0..5);
}

#[actix_web::test]
async fn mails_are_written_to_the_folder_as_soon_as_it_can_be_written_to() {
    let app = App::start_with(&settings("")[3..]).await;
    add_people(&app.database, [0]).await;
    let folder = app.mails.path().to_owned();
    std::fs::remove_dir_all(&folder).unwrap();
    std::fs::write(&folder, "in the way").unwrap();
    forget(&app, 0).await;
    until(&app, async || tried(&app, 1).await).await;
    let error = app.database.text("SELECT last_error FROM mails").await;
    assert!(error.starts_with("MAIL_DIR: "), "{error}");
    std::fs::remove_file(&folder).unwrap();
    std::fs::create_dir(&folder).unwrap();
    app.clock.elapse(10 * SECOND);
    until(&app, async || waiting(&app.database).await == 0).await;
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
}

/// Whether so many attempts have failed.
async fn tried(app: &App, attempts: i64) -> bool {
    let failed =
        format!("SELECT COUNT(*) FROM mails WHERE attempts >= {attempts} AND claimed_until = 0");
    app.database.number(&failed).await == 1
}

/// Queues a mail about an account, as the command line might.
async fn queue(app: &App, kind: &str) {
    add_people(&app.database, [0]).await;
    let now = app.clock.now().as_unix();
    let sql = format!(
        "INSERT INTO mails (id, kind, address, data, created_at, due_at, claimed_until, attempts, dead_at)
         VALUES ('018f0000-0000-7000-8000-000000000000', $1, $2, 'null', {now}, {now}, 0, 0, {now} + 259200)"
    );
    app.database.execute(&sql, &[kind, &crate::address(0)]).await;
}
