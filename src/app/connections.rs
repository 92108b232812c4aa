//! Connections that lead nowhere are closed.
//!
//! actix-web waits for the head of a connection's first request for a while and then gives up. Of
//! those after it, it waits only for the first byte: with that, and without the rest, a connection
//! could be held open for ever. So could one on which a body was announced that nobody reads. Here,
//! whoever was answered has so long for all of the next head.

use std::{
    any::Any,
    future, io,
    net::{Shutdown, TcpStream},
    time::Duration,
};

use actix_web::{
    Error,
    body::MessageBody,
    dev::{Extensions, ServiceRequest, ServiceResponse},
    middleware::Next,
    rt,
};
use futures_util::FutureExt;
use tokio::sync::watch;

use crate::{clock::Clock, web::bodies::HEAD_PATIENCE};

/// For so long a connection may be idle. Proxies have to close theirs earlier: `docs/deploy`.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// How many connections a worker (there are as many as cores) has at once; the others wait in the
/// system's queue. An idle one takes less than 20 KiB, so all of them less than 100 MiB, and two open
/// files.
pub(super) const MAX_PER_WORKER: usize = 5_000;

/// For so long a client may read the last answer of a connection, and whatever it still sends is
/// thrown away. (To close at once would take the answer from it.)
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// From an answer to the end of the next head.
const BETWEEN_REQUESTS: Duration = KEEP_ALIVE.saturating_add(HEAD_PATIENCE);

/// What is kept of a connection.
#[derive(Clone)]
struct Connection {
    /// Not the app's clock: like actix-web's own time-outs, this goes by the time that passes.
    clock: Clock,
    /// When the next head has to be there; none while there is a request. (The first head is
    /// actix-web's to wait for.)
    until: watch::Sender<Option<Duration>>,
}

/// Begins to observe a connection; for `HttpServer::on_connect`.
pub(super) fn observe(stream: &dyn Any, data: &mut Extensions) {
    let Some(Ok(socket)) = stream.downcast_ref().map(duplicate) else { return };
    let connection = Connection { clock: Clock::system(), until: watch::Sender::new(None) };
    let until = connection.until.subscribe();
    rt::spawn(close_when_late(socket, connection.clock.clone(), until));
    data.insert(connection);
}

/// Notes when a request comes, and when it is answered.
pub(super) async fn noted<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let Some(Connection { clock, until }) = request.conn_data::<Connection>().cloned() else {
        return next.call(request).await;
    };
    until.send_replace(None);
    let outcome = next.call(request).await;
    let last = outcome.as_ref().is_ok_and(|response| !response.response().head().keep_alive());
    let time = if last { LINGER } else { BETWEEN_REQUESTS };
    until.send_replace(Some(clock.elapsed() + time));
    outcome
}

/// Ends with the connection, or ends it.
async fn close_when_late(
    socket: TcpStream,
    clock: Clock,
    mut until: watch::Receiver<Option<Duration>>,
) {
    loop {
        let late = match *until.borrow_and_update() {
            Some(until) => clock.sleep_until(until).left_future(),
            None => future::pending().right_future(),
        };
        tokio::select! {
            changed = until.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = late => {
                let _closed_already = socket.shutdown(Shutdown::Both);
                return;
            }
        }
    }
}

#[cfg(unix)]
fn duplicate(stream: &rt::net::TcpStream) -> io::Result<TcpStream> {
    use std::os::fd::AsFd;

    stream.as_fd().try_clone_to_owned().map(TcpStream::from)
}

#[cfg(windows)]
fn duplicate(stream: &rt::net::TcpStream) -> io::Result<TcpStream> {
    use std::os::windows::io::AsSocket;

    stream.as_socket().try_clone_to_owned().map(TcpStream::from)
}
