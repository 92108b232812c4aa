//! The process ends: at once, whatever it is doing; or told to, with requests in flight.

use std::{
    io::{Read, Write},
    net::{SocketAddr, TcpStream},
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

use sqlx::{AnyConnection, Connection, Row};

use test_support::{
    Answer, Postgres, Process,
    raw::{self, get, post},
};

use crate::node_on;

const PASSWORD: &str = "violet+anvil+forty+marmots";
const ROUNDS: usize = 20;
const CLIENTS: usize = 4;

/// What was acknowledged before the kill.
#[derive(Default)]
struct Acknowledged {
    /// Who signed up, by a number.
    accounts: Vec<usize>,
    /// The cookies of sessions that were opened and not ended.
    open: Vec<String>,
    /// The cookies of sessions that were ended.
    ended: Vec<String>,
}

#[actix_web::test]
async fn nothing_acknowledged_is_lost_by_a_kill_on_sqlite() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("waxseal.db").display());
    assert_kills_lose_nothing(&url).await;
    let problems =
        numbers(&url, "SELECT COUNT(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'");
    assert_eq!(problems.await, 0);
}

#[actix_web::test]
async fn nothing_acknowledged_is_lost_by_a_kill_on_postgres() {
    let Some(server) = Postgres::shared() else { return };
    assert_kills_lose_nothing(&server.url_of_new_schema()).await;
}

async fn assert_kills_lose_nothing(url: &str) {
    let names = Arc::new(AtomicUsize::new(0));
    for round in 0..ROUNDS {
        let node = node_on(url).serve();
        let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
        let clients: Vec<_> = (0..CLIENTS)
            .map(|_| {
                let (address, names) = (node.address, Arc::clone(&names));
                let acknowledged = Arc::clone(&acknowledged);
                thread::spawn(move || live(address, &names, &acknowledged))
            })
            .collect();
        // Sooner or later: in the middle of whatever the clients have asked for.
        while acknowledged.lock().unwrap().accounts.len() < 1 + round % 7 {
            thread::yield_now();
        }
        node.kill();
        for client in clients {
            client.join().unwrap();
        }
        let acknowledged = acknowledged.lock().unwrap();
        assert_kept(&node_on(url).serve(), &acknowledged, round);
    }
    // Nothing half-written: nobody without a session, no session or history of nobody.
    for orphans in [
        "SELECT COUNT(*) FROM users WHERE id NOT IN (SELECT user_id FROM waxseal_sessions)",
        "SELECT COUNT(*) FROM waxseal_sessions WHERE user_id NOT IN (SELECT id FROM users)",
        "SELECT COUNT(*) FROM users WHERE id NOT IN (SELECT user_id FROM login_events)",
    ] {
        assert_eq!(numbers(url, orphans).await, 0, "{orphans}");
    }
}

/// Signs up, logs in, logs out, until there is no answer any more.
fn live(address: SocketAddr, names: &AtomicUsize, acknowledged: &Mutex<Acknowledged>) {
    let note = |change: &dyn Fn(&mut Acknowledged)| change(&mut acknowledged.lock().unwrap());
    loop {
        let name = names.fetch_add(1, Ordering::SeqCst);
        let form = form(name);
        let Some(first) = post(address, "/signup", &[], &form) else { return };
        let Some(first) = first.session() else { return };
        note(&|done| {
            done.accounts.push(name);
            done.open.push(first.clone());
        });
        let Some(second) = post(address, "/login", &[], &form) else { return };
        let Some(second) = second.session() else { return };
        note(&|done| done.open.push(second.clone()));
        // From here on nobody can say whether it is open, unless there is an answer.
        note(&|done| done.open.retain(|open| *open != first));
        let cookie = raw::session(&first);
        let Some(answer) = post(address, "/logout", &[&cookie], "") else { return };
        if answer.status == 303 {
            note(&|done| done.ended.push(first.clone()));
        }
    }
}

fn assert_kept(node: &Process, acknowledged: &Acknowledged, round: usize) {
    let status = |answer: Option<Answer>| answer.unwrap().status;
    let session =
        |cookie: &str| status(get(node.address, "/api/session", &[&raw::session(cookie)]));
    for cookie in &acknowledged.open {
        assert_eq!(session(cookie), 200, "round {round}");
    }
    for cookie in &acknowledged.ended {
        assert_eq!(session(cookie), 401, "round {round}");
    }
    for name in &acknowledged.accounts {
        let log_in = post(node.address, "/login", &[], &form(*name));
        assert_eq!(status(log_in), 303, "round {round}");
    }
}

#[test]
fn told_to_stop_under_load_it_answers_every_request_in_flight() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite://{}", folder.path().join("waxseal.db").display());
    let node = node_on(&url).serve();
    let mut in_flight: Vec<_> = (0..16).map(|name| begin_sign_up(node.address, name)).collect();
    node.signal("TERM");
    node.wait_for("stopping after ");
    for (stream, rest) in &mut in_flight {
        stream.write_all(rest.as_bytes()).unwrap();
    }
    for (stream, _) in &mut in_flight {
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.contains("HTTP/1.1 303 "), "{answer}");
    }
    assert!(node.wait().success());
}

/// Sends the half of a request, when the server has begun to handle it; the other half.
fn begin_sign_up(address: SocketAddr, name: usize) -> (TcpStream, String) {
    let form = form(name);
    let request = raw::request("POST", "/signup", &[], &form);
    let (head, _) = request.split_once("\r\n\r\n").unwrap();
    let mut stream = raw::begin(address, &format!("{head}\r\n"));
    let (now, later) = form.split_at(form.len() / 2);
    stream.write_all(now.as_bytes()).unwrap();
    (stream, later.to_owned())
}

fn form(name: usize) -> String {
    format!("email=person{name}%40example.com&password={PASSWORD}")
}

async fn numbers(url: &str, sql: &'static str) -> i64 {
    sqlx::any::install_default_drivers();
    let mut connection = AnyConnection::connect(url).await.unwrap();
    sqlx::query(sql).fetch_one(&mut connection).await.unwrap().try_get(0).unwrap()
}
