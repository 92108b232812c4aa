//! A storm of log-ins: 32 of them always in flight, each from a network of its own, and what others see
//! of it. How many log-ins a second, against what the cores can hash; how long pages of people who are
//! logged in take meanwhile; how much memory it takes. `cargo bench --bench storm`, half a minute.
//!
//! The server is the program itself, on SQLite, on loopback, with the visitors on the same cores.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

#[path = "support/server.rs"]
#[allow(dead_code)]
mod server;

use std::{
    cell::Cell,
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use server::{FORM, Memory, Server, client, get, log_in, millis};
use tokio::task::LocalSet;

const IN_FLIGHT: u8 = 32;
const STORM: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let cores = thread::available_parallelism().unwrap().get();
    println!("{cores} cores, which hash {:.0} passwords a second by themselves", hashes(cores));
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}/storm.db", folder.path().display());
    let server = Server::start(
        &url,
        &[("TRUSTED_PROXIES", "127.0.0.1"), ("RUST_LOG", "warn,waxseal::cli=info")],
    );
    client().post(server.at("/signup")).form(&FORM).send().await.unwrap();
    let cookie = log_in(&client(), &server).await;
    for path in ["/api/session", "/profile"] {
        LocalSet::new().run_until(storm(&server, path, &cookie)).await;
    }
    println!("memory, at most {:.0} MiB", server.memory(Memory::AtMost));
    server.stop();
}

async fn storm(server: &Server, path: &str, cookie: &str) {
    let (calm, calm_worst) = visits(server, path, cookie, Duration::from_secs(2)).await;
    let (done, until) = (Rc::new(Cell::new(0)), Instant::now() + STORM);
    let storm: Vec<_> = (0..IN_FLIGHT)
        .map(|who| {
            tokio::task::spawn_local(log_ins(server.at("/login"), who, until, Rc::clone(&done)))
        })
        .collect();
    let (p99, worst) = visits(server, path, cookie, STORM).await;
    for visitor in storm {
        visitor.await.unwrap();
    }
    println!(
        "{:.0} log-ins a second; {path}: p99 {p99:.1} ms, worst {worst:.1} (in calm {calm:.1}, {calm_worst:.1})",
        f64::from(done.get()) / STORM.as_secs_f64()
    );
}

/// Logs in again and again, from another network each time.
async fn log_ins(url: String, who: u8, until: Instant, done: Rc<Cell<u32>>) {
    let client = client();
    for number in 0_u16.. {
        if Instant::now() > until {
            return;
        }
        let from = format!("2001:db8:{who:x}:{number:x}::1");
        let login = client.post(&url).header("X-Forwarded-For", from).form(&FORM);
        if login.send().await.unwrap().status() == 303 {
            done.set(done.get() + 1);
        }
    }
}

/// How long a page takes that is asked for every other millisecond: p99 and the worst.
async fn visits(server: &Server, path: &str, cookie: &str, during: Duration) -> (f64, f64) {
    let (client, url, until) = (client(), server.at(path), Instant::now() + during);
    let mut times = Vec::new();
    while Instant::now() < until {
        let asked = Instant::now();
        assert_eq!(get(&client, &url, cookie).await.status(), 200);
        times.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    times.sort_unstable();
    (millis(times[times.len() * 99 / 100]), millis(times[times.len() - 1]))
}

/// How many passwords a second the cores can hash when nothing else goes on.
fn hashes(cores: usize) -> f64 {
    const EACH: u32 = 50;
    let begun = Instant::now();
    thread::scope(|scope| {
        for _ in 0..cores {
            scope.spawn(|| (0..EACH).for_each(|_| hash()));
        }
    });
    f64::from(EACH) * cores as f64 / begun.elapsed().as_secs_f64()
}

/// One, as the server does it: OWASP's 19 MiB and two passes.
fn hash() {
    let params = argon2::Params::new(19_456, 2, 1, None).unwrap();
    let argon2 = argon2::Argon2::new(argon2::Algorithm::Argon2id, argon2::Version::V0x13, params);
    let mut memory = vec![argon2::Block::default(); 19_456];
    let mut output = [0; 32];
    argon2
        .hash_password_into_with_memory(
            b"violet anvil forty marmots",
            &[7; 16],
            &mut output,
            &mut memory,
        )
        .unwrap();
}
