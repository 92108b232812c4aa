//! A log-in storm: keeps 32 log-ins in flight, each from its own network. Measures log-ins per second
//! against what the cores can hash, the latency of signed-in users' pages meanwhile, and memory.
//! `cargo bench --bench storm` takes half a minute.
//!
//! The server is the built binary with SQLite on loopback. The clients share its cores.

#![cfg(unix)]
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::print_stdout, clippy::disallowed_methods)]

use std::{
    cell::Cell,
    rc::Rc,
    thread,
    time::{Duration, Instant},
};

use reqwest::Method;
use test_support::{Client, EMAIL, Memory, PASSWORD, Process, SECRET, waxseal};
use tokio::task::LocalSet;

const IN_FLIGHT: u8 = 32;
const STORM: Duration = Duration::from_secs(10);

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let cores = thread::available_parallelism().unwrap().get();
    println!("{cores} cores, which hash {:.0} passwords a second by themselves", hashes(cores));
    let waxseal = waxseal!().set("SESSION_SECRET", SECRET).set("TRUSTED_PROXIES", "127.0.0.1");
    let server = waxseal.set("RUST_LOG", "warn,waxseal::cli=info").serve();
    let ann = server.client().signed_up(EMAIL).await;
    for path in ["/api/session", "/profile"] {
        LocalSet::new().run_until(storm(&server, path, &ann)).await;
    }
    println!("memory, at most {:.0} MiB", server.memory(Memory::Peak));
    server.stop();
}

async fn storm(server: &Process, path: &str, ann: &Client) {
    let (calm, calm_worst) = visits(ann.clone(), path, Duration::from_secs(2)).await;
    let (done, until) = (Rc::new(Cell::new(0)), Instant::now() + STORM);
    let storm: Vec<_> = (0..IN_FLIGHT)
        .map(|who| tokio::task::spawn_local(log_ins(server.client(), who, until, Rc::clone(&done))))
        .collect();
    let (p99, worst) = visits(ann.clone(), path, STORM).await;
    for visitor in storm {
        visitor.await.unwrap();
    }
    println!(
        "{:.0} log-ins a second; {path}: p99 {p99:.1} ms, worst {worst:.1} (in calm {calm:.1}, {calm_worst:.1})",
        f64::from(done.get()) / STORM.as_secs_f64()
    );
}

/// Logs in repeatedly, from another network each time.
async fn log_ins(logged_out: Client, who: u8, until: Instant, done: Rc<Cell<u32>>) {
    for number in 0_u16.. {
        if Instant::now() > until {
            return;
        }
        let from = format!("2001:db8:{who:x}:{number:x}::1");
        let mut client = logged_out.clone();
        let log_in = client.request(Method::POST, "/login").header("X-Forwarded-For", from);
        let form = [("email", EMAIL), ("password", PASSWORD)];
        if client.send(log_in.form(&form)).await.status == 303 {
            done.set(done.get() + 1);
        }
    }
}

/// Requests a page every other millisecond. Returns the p99 and the maximum latency.
async fn visits(mut ann: Client, path: &str, during: Duration) -> (f64, f64) {
    let (until, mut times) = (Instant::now() + during, Vec::new());
    while Instant::now() < until {
        let asked = Instant::now();
        assert_eq!(ann.get(path).await.status, 200);
        times.push(asked.elapsed());
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    times.sort_unstable();
    (millis(times[times.len() * 99 / 100]), millis(times[times.len() - 1]))
}

/// How many passwords per second the cores can hash when idle.
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

/// Hashes a password with the server's parameters: OWASP's 19 MiB and two passes.
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

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}
