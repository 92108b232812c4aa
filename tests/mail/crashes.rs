//! The process is killed between the commit, the sending and the deletion of a mail.

use std::{
    collections::{BTreeMap, BTreeSet},
    thread,
    time::Duration,
};

use test_support::{
    Database, Postgres, Process, SECRET,
    raw::post,
    smtp::{Answers, MailServer},
    waxseal,
};

use crate::{add_people, address, settings, waiting};

const ROUNDS: usize = 20;
const MAILS: usize = 4;

#[actix_web::test]
async fn a_mail_that_was_acknowledged_arrives_whenever_the_process_is_killed_on_sqlite() {
    assert_kills_lose_no_mail(Database::sqlite()).await;
}

#[actix_web::test]
async fn a_mail_that_was_acknowledged_arrives_whenever_the_process_is_killed_on_postgres() {
    let Some(server) = Postgres::shared() else { return };
    assert_kills_lose_no_mail(Database::on(server)).await;
}

async fn assert_kills_lose_no_mail(database: Database) {
    let server = MailServer::start();
    server.set(Answers::Slowly(Duration::from_millis(20)));
    // Creates the tables.
    node(&database, &server).kill();
    add_people(&database, 0..ROUNDS * MAILS).await;
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let node = node(&database, &server);
        for number in round * MAILS..(round + 1) * MAILS {
            let email = address(number);
            let from = format!("X-Forwarded-For: 10.0.{round}.1");
            let form = format!("email={}", email.replace('@', "%40"));
            let answer = post(node.address, "/forgot", &[&from], &form).unwrap();
            assert_eq!(answer.status, 303, "{answer:?}");
            acknowledged.insert(email);
        }
        // Sooner or later: before, in and after the sending of any of them.
        thread::sleep(Duration::from_millis(5 * round as u64));
        node.kill();
    }
    // The claim of a process that is gone lasts a minute, by the system's clock.
    database.execute("UPDATE mails SET claimed_until = 0", &[]).await;
    let node = node(&database, &server);
    test_support::eventually(async || waiting(&database).await == 0).await;
    drop(node);
    let mut ids: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mails = server.mails();
    for mail in &mails {
        ids.entry(mail.to.clone()).or_default().insert(mail.message_id());
    }
    assert_eq!(ids.keys().cloned().collect::<BTreeSet<_>>(), acknowledged);
    assert!(ids.values().all(|ids| ids.len() == 1), "{ids:?}");
    assert!(mails.len() > acknowledged.len(), "no kill came between the sending and the deletion");
}

#[actix_web::test]
async fn told_to_stop_it_finishes_the_mails_on_their_way() {
    let (server, database) = (MailServer::start(), Database::sqlite());
    node(&database, &server).kill();
    add_people(&database, [0]).await;
    server.set(Answers::Slowly(Duration::from_secs(1)));
    let node = node(&database, &server);
    let form = "email=person0%40example.com";
    assert_eq!(post(node.address, "/forgot", &[], form).unwrap().status, 303);
    let is_sending = async || server.heard().iter().any(|line| line == "DATA");
    test_support::eventually(is_sending).await;
    let log = node.stop();
    assert!(log.iter().any(|line| line.contains("] mail sent: ")), "{log:#?}");
    assert_eq!((server.mails().len(), waiting(&database).await), (1, 0));
}

fn node(database: &Database, server: &MailServer) -> Process {
    let mut waxseal = waxseal!().set("SESSION_SECRET", SECRET).set("DATABASE_URL", &database.url());
    for (name, value) in settings(&server.url()) {
        waxseal = waxseal.set(name, value);
    }
    waxseal.serve()
}
