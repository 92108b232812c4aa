//! Mail: whether the time of an answer tells who has an account, and what a mail server that hangs costs the
//! pages. `cargo bench --bench mail` takes a minute and a half.
//!
//! The server is the built binary with SQLite on loopback. The clients share its cores.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::{
    net::TcpListener,
    thread,
    time::{Duration, Instant},
};

use reqwest::Method;
use test_support::{Client, EMAIL, PASSWORD, Process, SECRET, waxseal};
use tokio::task::LocalSet;

/// Forms sent for each kind of address.
const FORMS: usize = 300;

/// How long the pages are measured, without mail and with it.
const DURING: Duration = Duration::from_secs(20);

/// A thousand resets a minute.
const RESET_EVERY: Duration = Duration::from_millis(60);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    forms_of_known_and_unknown_addresses().await;
    LocalSet::new().run_until(pages_while_the_mail_server_hangs()).await;
}

/// A server with a mail server that takes connections and never says a word.
fn serve(confirmation: &str) -> Process {
    let hanging = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("smtp://{}", hanging.local_addr().unwrap());
    thread::spawn(move || hanging.incoming().collect::<Vec<_>>());
    waxseal!()
        .set("SESSION_SECRET", SECRET)
        .set("TRUSTED_PROXIES", "127.0.0.1")
        .set("SMTP_URL", &url)
        .set("MAIL_FROM", "noreply@example.com")
        .set("EMAIL_CONFIRMATION", confirmation)
        .set("RUST_LOG", "error,waxseal::cli=info")
        .serve()
}

async fn forms_of_known_and_unknown_addresses() {
    for (path, confirmation) in [("/forgot", "off"), ("/signup", "required")] {
        let server = serve(confirmation);
        let mut visitor = Visitor { client: server.client(), number: 0 };
        for number in 0..FORMS {
            visitor.send("/signup", &format!("known{number}@example.com")).await;
        }
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for number in 0..FORMS {
            // By turns, so that what else the machine does falls on both.
            known.push(visitor.send(path, &format!("known{number}@example.com")).await);
            unknown.push(visitor.send(path, &format!("unknown{number}@example.com")).await);
        }
        println!(
            "POST {path}, median: {:.2} ms with an account, {:.2} ms without",
            percentile(&mut known, 50),
            percentile(&mut unknown, 50)
        );
        server.stop();
    }
}

/// Sends each form from another network, so that none is over its limit.
struct Visitor {
    client: Client,
    number: u32,
}

impl Visitor {
    async fn send(&mut self, path: &str, email: &str) -> Duration {
        self.number += 1;
        let from = format!("2001:db8:{:x}:{:x}::1", self.number >> 16, self.number & 0xffff);
        let mut client = self.client.clone();
        let request = client.request(Method::POST, path).header("X-Forwarded-For", from);
        let request = request.form(&[("email", email), ("password", PASSWORD)]);
        let sent = Instant::now();
        assert_eq!(client.send(request).await.status, 303, "{path}");
        sent.elapsed()
    }
}

async fn pages_while_the_mail_server_hangs() {
    let server = serve("off");
    let ann = server.client().signed_up(EMAIL).await;
    let calm = visits(ann.clone()).await;
    let client = server.client();
    let resets = tokio::task::spawn_local(async move {
        let mut visitor = Visitor { client, number: 0 };
        for number in 0.. {
            visitor.send("/forgot", &format!("user{number}@example.com")).await;
            tokio::time::sleep(RESET_EVERY).await;
        }
    });
    let busy = visits(ann).await;
    resets.abort();
    println!(
        "GET /profile, p99: {calm:.2} ms in calm, {busy:.2} ms with a thousand resets a minute and a mail \
         server that hangs"
    );
    server.kill();
}

/// Requests a page every other millisecond. Returns the p99 in milliseconds.
async fn visits(mut ann: Client) -> f64 {
    let (until, mut times) = (Instant::now() + DURING, Vec::new());
    while Instant::now() < until {
        let asked = Instant::now();
        assert_eq!(ann.get("/profile").await.status, 200);
        times.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    percentile(&mut times, 99)
}

fn percentile(times: &mut [Duration], percent: usize) -> f64 {
    times.sort_unstable();
    times[times.len() * percent / 100].as_secs_f64() * 1000.0
}
