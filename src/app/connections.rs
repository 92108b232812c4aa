//! Closes connections on which no request comes.
//!
//! actix-web limits the time for the head of a connection's first request. For later ones it waits
//! only for the first byte, so a client that sends no more could hold the connection open forever;
//! so could one that announced a body that no handler reads. Here the whole of the next head has to
//! arrive within a limit.

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

/// How long a connection may be idle. Proxies have to close theirs earlier: `docs/deploy`.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// The most connections of a worker, of which there is one per core; more wait in the system's queue.
/// An idle one takes less than 20 KiB, so all of them less than 100 MiB, and two open files.
pub(super) const MAX_PER_WORKER: usize = 5_000;

/// How long a client may read the last answer of a connection; what it still sends is dropped.
/// Closing at once could lose the answer.
pub(super) const LINGER: Duration = Duration::from_secs(1);

/// The limit from an answer to the end of the next head.
const BETWEEN_REQUESTS: Duration = KEEP_ALIVE.saturating_add(HEAD_PATIENCE);

#[derive(Clone)]
struct Connection {
    /// Not the app's clock: timeouts use real time, as actix-web's do.
    clock: Clock,
    /// When the next head has to be complete; none during a request, nor before the first one, for
    /// which actix-web's timeout holds.
    until: watch::Sender<Option<Duration>>,
}

/// Starts to observe a connection; for `HttpServer::on_connect`.
pub(super) fn observe(stream: &dyn Any, data: &mut Extensions) {
    let Some(Ok(socket)) = stream.downcast_ref().map(duplicate) else { return };
    let connection = Connection { clock: Clock::system(), until: watch::Sender::new(None) };
    let until = connection.until.subscribe();
    rt::spawn(close_when_late(socket, connection.clock.clone(), until));
    data.insert(connection);
}

/// Records when a request comes and when it is answered.
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

/// Shuts the connection down when the next head is late.
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
