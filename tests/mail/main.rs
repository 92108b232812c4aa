//! Mail: what the outbox promises, with a mail server that fails in every way there is.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cli;
mod crashes;
mod failures;
mod letters;
mod metrics;
mod nodes;
mod outages;
mod tls;

use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use test_support::{App, Database, smtp::MailServer};

/// An app that sends to this server, behind a proxy, and sends only what is asked for.
async fn app(server: &MailServer) -> App {
    App::start_with(&settings(&server.url())).await
}

fn settings(url: &str) -> [(&str, &str); 6] {
    [
        ("SMTP_URL", url),
        ("MAIL_FROM", "Example <noreply@example.com>"),
        ("PUBLIC_URL", "https://shop.example"),
        ("EMAIL_CONFIRMATION", "off"),
        ("MAIL_NOTIFY", "off"),
        ("TRUSTED_PROXIES", "127.0.0.1"),
    ]
}

fn address(number: usize) -> String {
    format!("person{number}@example.com")
}

/// Writes accounts right into the database: signing up costs a password's hash each.
async fn add_people(database: &Database, numbers: impl IntoIterator<Item = usize>) {
    for number in numbers {
        let id = format!("00000000-0000-4000-8000-{number:012}");
        let sql = "INSERT INTO users (id, email, password_hash, role, created_at)
                   VALUES ($1, $2, 'none', 'user', 0)";
        database.execute(sql, &[&id, &address(number)]).await;
    }
}

/// Asks for a link to reset a password, each from a network of their own.
async fn forget(app: &App, number: usize) {
    forget_with(app, number, &address(number), &[]).await;
}

async fn forget_with(app: &App, number: usize, email: &str, headers: &[(&str, &str)]) {
    let mut client = app.client();
    let from = format!("10.{}.{}.1", number / 250, number % 250);
    let mut request = client.request(Method::POST, "/forgot").header("X-Forwarded-For", from);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = client.send(request.form(&[("email", email)])).await;
    assert_eq!(answer.redirects_to(), "/forgot/sent", "{}", answer.body);
}

/// Waits until it holds. Time passes slowly, so that the mailer looks again and again.
async fn until(app: &App, condition: impl AsyncFn() -> bool) {
    for round in 1..3000 {
        if condition().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
        if round % 40 == 0 {
            app.clock.elapse(Duration::from_secs(5));
        }
    }
    panic!("it was never so");
}

/// How many mails are in the outbox.
async fn waiting(database: &Database) -> i64 {
    database.number("SELECT COUNT(*) FROM mails WHERE failed_at IS NULL").await
}

/// Every mail came, and none came twice.
fn assert_each_came_once(server: &MailServer, numbers: impl IntoIterator<Item = usize>) {
    let mails = server.mails();
    let recipients: BTreeSet<_> = mails.iter().map(|mail| mail.to.clone()).collect();
    assert_eq!(recipients, numbers.into_iter().map(address).collect());
    assert_eq!(mails.len(), recipients.len());
}
