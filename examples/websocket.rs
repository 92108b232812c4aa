//! A WebSocket and an event stream that end with their session.
//!
//! `cargo run -p examples --bin websocket`, then open http://127.0.0.1:8081, log in, and log out in another
//! tab: both connections of the first tab close.

use std::time::Duration;

use actix_session::Session;
use actix_web::{
    App, HttpRequest, HttpResponse, HttpServer, Result, rt,
    web::{self, Bytes},
};
use actix_ws::{AggregatedMessage, CloseCode, CloseReason};
use tokio::{sync::mpsc, time::interval};
use tokio_stream::{StreamExt, wrappers::ReceiverStream};
use waxseal_session::{CurrentSession, MemoryStore, Secret, SessionMiddleware};

/// Echoes what it is sent, until the session ends.
async fn socket(
    request: HttpRequest,
    body: web::Payload,
    session: CurrentSession,
) -> Result<HttpResponse> {
    let (response, socket, messages) = actix_ws::handle(&request, body)?;
    let ended = session.ended();
    rt::spawn(async move {
        // Whatever the echo waits for, the end of the session is heard.
        tokio::select! {
            () = ended => {
                // Of the codes for applications (RFC 6455, section 7.4.2).
                let reason = CloseReason {
                    code: CloseCode::Other(4401),
                    description: Some("logged out".to_owned()),
                };
                let _gone_already = socket.clone().close(Some(reason)).await;
            }
            () = echo(socket.clone(), messages) => {}
        }
    });
    Ok(response)
}

async fn echo(mut socket: actix_ws::Session, messages: actix_ws::MessageStream) {
    let mut messages = messages.aggregate_continuations();
    while let Some(Ok(message)) = messages.next().await {
        let sent = match message {
            AggregatedMessage::Text(text) => socket.text(text).await,
            AggregatedMessage::Ping(ping) => socket.pong(&ping).await,
            AggregatedMessage::Pong(_) => Ok(()),
            _ => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Sends an event a second, until the session ends.
async fn events(session: CurrentSession) -> HttpResponse {
    let (events, receiver) = mpsc::channel(1);
    let ended = session.ended();
    rt::spawn(async move {
        // Drops the sender at the end, which ends the response.
        tokio::select! {
            () = ended => {}
            () = tick(events) => {}
        }
    });
    let events = ReceiverStream::new(receiver).map(Ok::<_, actix_web::Error>);
    HttpResponse::Ok().content_type("text/event-stream").streaming(events)
}

async fn tick(events: mpsc::Sender<Bytes>) {
    let mut ticks = interval(Duration::from_secs(1));
    loop {
        ticks.tick().await;
        if events.send(Bytes::from_static(b"data: tick\n\n")).await.is_err() {
            return;
        }
    }
}

const PAGE: &str = r#"<!doctype html><title>Sockets that end</title>
<form method="post" action="/login"><button>Log in</button></form>
<form method="post" action="/logout"><button>Log out</button></form>
<p>WebSocket: <output id="socket">closed</output></p>
<p>Events: <output id="events">none</output></p>
<script>
const socket = new WebSocket(`ws://${location.host}/socket`);
const show = (id, text) => document.getElementById(id).textContent = text;
socket.onopen = () => show('socket', 'open');
socket.onclose = event => show('socket', `closed: ${event.code} ${event.reason}`);
const events = new EventSource('/events');
let count = 0;
events.onmessage = () => show('events', ++count);
events.onerror = () => { events.close(); show('events', `ended after ${count}`); };
</script>"#;

async fn home() -> web::Html {
    web::Html::new(PAGE)
}

async fn log_in(session: Session) -> Result<web::Redirect> {
    session.clear();
    session.renew();
    session.insert("user_id", "ann")?;
    Ok(web::Redirect::to("/").see_other())
}

async fn log_out(session: Session) -> web::Redirect {
    session.purge();
    web::Redirect::to("/").see_other()
}

#[actix_web::main]
async fn main() -> std::io::Result<()> {
    // In memory, and so built outside of the closure; with a store on a database, a log-out on any node
    // ends the connections of all.
    let sessions = SessionMiddleware::builder(MemoryStore::new(), Secret::generate())
        .cookie_secure(false) // development, over HTTP
        .build()?;
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/", web::get().to(home))
            .route("/login", web::post().to(log_in))
            .route("/logout", web::post().to(log_out))
            .route("/socket", web::get().to(socket))
            .route("/events", web::get().to(events))
    };
    let address = std::env::args().nth(1).unwrap_or("127.0.0.1:8081".to_owned());
    HttpServer::new(app).bind(address)?.run().await
}
