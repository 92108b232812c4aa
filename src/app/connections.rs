//! Closes connections whose next request head doesn't arrive in time.
//!
//! actix-web limits the time for the whole head of a connection's first request, but for later requests
//! only the time to the first byte. A client could send that byte and hold the connection open forever,
//! or announce a body that no handler reads. This module limits the time for the whole next head.

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
use waxseal_session::Clock;

use crate::web::middleware::HEAD_TIMEOUT;
#[cfg(unix)]
use crate::web::trusted_proxies::UnixPeer;

/// How long a connection may be idle. Proxies must use a shorter time: see `docs/deploy`.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// Connections per worker (one per core); more wait in the system's queue. An idle connection takes two
/// file descriptors and less than 20 KiB, so a worker's take less than 100 MiB.
pub(super) const MAX_PER_WORKER: usize = 5_000;

/// How long a client may take to read a connection's last response. Closing at once could lose the
/// response. Whatever the client still sends is discarded.
pub(super) const DISCONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The time from a response to the end of the next head.
const NEXT_HEAD_TIMEOUT: Duration = KEEP_ALIVE.saturating_add(HEAD_TIMEOUT);

#[derive(Clone)]
struct Connection {
    /// The system's clock, not the app's: like actix-web's own timeouts, this one is in real time.
    clock: Clock,
    /// When the next head must have arrived; `None` during a request, and before the first one, for
    /// which actix-web has a timeout.
    deadline: watch::Sender<Option<Duration>>,
}

/// Starts to watch a connection. The data is kept until it is closed.
pub(super) fn watch_connection(stream: &dyn Any, data: &mut Extensions) {
    #[cfg(unix)]
    if stream.is::<rt::net::UnixStream>() {
        data.insert(UnixPeer);
    }
    let Some(Ok(socket)) = Socket::duplicate(stream) else { return };
    let connection = Connection { clock: Clock::system(), deadline: watch::Sender::new(None) };
    let deadline = connection.deadline.subscribe();
    rt::spawn(close_when_late(socket, connection.clock.clone(), deadline));
    data.insert(connection);
}

/// Middleware that sets the deadline of the next head after each response.
pub(super) async fn next_head_deadline<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let Some(Connection { clock, deadline }) = request.conn_data::<Connection>().cloned() else {
        return next.call(request).await;
    };
    deadline.send_replace(None);
    let outcome = next.call(request).await;
    let is_last = outcome.as_ref().is_ok_and(|response| !response.response().head().keep_alive());
    let timeout = if is_last { DISCONNECT_TIMEOUT } else { NEXT_HEAD_TIMEOUT };
    deadline.send_replace(Some(clock.elapsed() + timeout));
    outcome
}

/// Closes the connection at its deadline; ends when the connection does.
async fn close_when_late(
    socket: Socket,
    clock: Clock,
    mut deadline: watch::Receiver<Option<Duration>>,
) {
    loop {
        let late = match *deadline.borrow_and_update() {
            Some(time) => clock.sleep_until(time).left_future(),
            None => future::pending().right_future(),
        };
        tokio::select! {
            changed = deadline.changed() => {
                if changed.is_err() {
                    return;
                }
            }
            () = late => {
                let _closed_already = socket.shutdown();
                return;
            }
        }
    }
}

/// A second handle of a connection's socket.
enum Socket {
    Tcp(TcpStream),
    #[cfg(unix)]
    Unix(std::os::unix::net::UnixStream),
}

impl Socket {
    #[cfg(unix)]
    fn duplicate(stream: &dyn Any) -> Option<io::Result<Self>> {
        use std::os::fd::AsFd;

        if let Some(stream) = stream.downcast_ref::<rt::net::TcpStream>() {
            return Some(stream.as_fd().try_clone_to_owned().map(|fd| Self::Tcp(fd.into())));
        }
        let stream = stream.downcast_ref::<rt::net::UnixStream>()?;
        Some(stream.as_fd().try_clone_to_owned().map(|fd| Self::Unix(fd.into())))
    }

    #[cfg(windows)]
    fn duplicate(stream: &dyn Any) -> Option<io::Result<Self>> {
        use std::os::windows::io::AsSocket;

        let stream = stream.downcast_ref::<rt::net::TcpStream>()?;
        Some(stream.as_socket().try_clone_to_owned().map(|socket| Self::Tcp(socket.into())))
    }

    fn shutdown(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.shutdown(Shutdown::Both),
            #[cfg(unix)]
            Self::Unix(stream) => stream.shutdown(Shutdown::Both),
        }
    }
}
