//! Several nodes share an outbox.

use std::sync::Arc;

use test_support::{App, Database, Postgres, START, smtp::MailServer};
use waxseal_session::Clock;

use crate::{add_people, assert_each_came_once, forget, settings, until, waiting};

const MAILS: usize = 200;

#[actix_web::test]
async fn two_nodes_on_sqlite_send_each_mail_once() {
    assert_two_nodes_send_each_mail_once(Database::sqlite()).await;
}

#[actix_web::test]
async fn two_nodes_on_postgres_send_each_mail_once() {
    let Some(server) = Postgres::shared() else { return };
    assert_two_nodes_send_each_mail_once(Database::on(server)).await;
}

async fn assert_two_nodes_send_each_mail_once(database: Database) {
    let server = MailServer::start();
    let url = server.url();
    let first = App::launch(Arc::new(database), Clock::manual(START), &settings(&url)).await;
    let second = first.another_node(&settings(&url)).await;
    add_people(&first.database, 0..MAILS).await;
    for number in 0..MAILS {
        forget(if number % 2 == 0 { &first } else { &second }, number).await;
        if number == MAILS / 2 {
            // The rest is due for both at the same time.
            server.close();
        }
    }
    server.open();
    until(&first, async || waiting(&first.database).await == 0).await;
    assert_each_came_once(&server, 0..MAILS);
}
