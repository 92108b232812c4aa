//! A real server with several workers, each of which builds a middleware of its own.

use std::{collections::BTreeSet, io, net::SocketAddr, thread};

use actix_session::Session;
use actix_web::{App, Error, HttpResponse, HttpServer, rt, web};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use waxseal_seal::Secret;

use crate::{middleware::SessionMiddleware, store::SessionStore};

/// How many workers the server has.
const WORKERS: usize = 4;

/// How many requests it takes to reach several of them: connections are dealt out in turn.
const REQUESTS: usize = 16;

/// Checks that people stay logged in where an app builds its middleware inside the closure that
/// `HttpServer::new` takes, so that each worker has one of its own. `new_store` is called there: it clones
/// the store, or makes one if that shares what it has to.
///
/// # Errors
///
/// When the server can't be started or reached.
///
/// # Panics
///
/// When a worker does not know a session, or knows one that was logged out.
pub async fn many_workers_suite<S: SessionStore>(
    new_store: impl Fn() -> S + Send + Clone + 'static,
) -> io::Result<()> {
    let secret = Secret::generate();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(SessionMiddleware::new(new_store(), &secret))
            .route("/login", web::to(log_in))
            .route("/user", web::to(user))
            .route("/visit", web::to(visit))
            .route("/logout", web::to(log_out))
    });
    let server = server.workers(WORKERS).disable_signals().bind(("127.0.0.1", 0))?;
    let address = server.addrs()[0];
    let server = server.run();
    let handle = server.handle();
    rt::spawn(server);

    let cookie = get(address, "/login", "").await?.cookie.unwrap_or_default();
    let mut workers = BTreeSet::new();
    for _ in 0..REQUESTS {
        let answer = get(address, "/user", &cookie).await?;
        let (user, worker) = answer.body.split_once(' ').unwrap_or_default();
        assert_eq!(user, "ann", "a worker does not know the session");
        workers.insert(worker.to_owned());
    }
    assert!(workers.len() > 1, "one worker answered everything");

    let mut cookie = cookie;
    for visits in 1..=REQUESTS {
        let answer = get(address, "/visit", &cookie).await?;
        assert_eq!(answer.body, visits.to_string(), "a visit was lost");
        cookie = answer.cookie.unwrap_or(cookie);
    }

    get(address, "/logout", &cookie).await?;
    for _ in 0..REQUESTS {
        let answer = get(address, "/user", &cookie).await?;
        assert!(!answer.body.starts_with("ann"), "a worker still knows the session");
    }
    handle.stop(false).await;
    Ok(())
}

struct Answer {
    /// The session's cookie, if the response sets one.
    cookie: Option<String>,
    body: String,
}

/// A request on a connection of its own.
async fn get(address: SocketAddr, path: &str, cookie: &str) -> io::Result<Answer> {
    let mut stream = rt::net::TcpStream::connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nCookie: {cookie}\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut response = String::new();
    stream.read_to_string(&mut response).await?;
    let (head, body) = response.split_once("\r\n\r\n").unwrap_or_default();
    assert!(head.starts_with("HTTP/1.1 200"), "{path}: {head}");
    let cookie = head.split("set-cookie: ").nth(1).and_then(|cookie| cookie.split(';').next());
    Ok(Answer { cookie: cookie.map(str::to_owned), body: body.to_owned() })
}

async fn log_in(session: Session) -> Result<HttpResponse, Error> {
    session.renew();
    session.insert("user_id", "ann")?;
    Ok(HttpResponse::Ok().finish())
}

/// The user, and which worker answers.
async fn user(session: Session) -> Result<String, Error> {
    let user = session.get::<String>("user_id")?.unwrap_or_else(|| "none".to_owned());
    Ok(format!("{user} {:?}", thread::current().id()))
}

async fn visit(session: Session) -> Result<String, Error> {
    let visits = session.get::<usize>("visits")?.unwrap_or(0) + 1;
    session.insert("visits", visits)?;
    Ok(visits.to_string())
}

async fn log_out(session: Session) -> HttpResponse {
    session.purge();
    HttpResponse::Ok().finish()
}
