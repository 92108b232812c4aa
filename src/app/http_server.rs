//! actix's HTTP server around the app. actix-web's own `HttpServer` puts the same parts together, but
//! doesn't tell who sent what is not valid HTTP.

use std::{
    any::Any,
    future::ready,
    io,
    net::{SocketAddr, TcpListener},
};

use actix_http::{HttpService, Protocol, error::DispatchError};
use actix_server::GracefulShutdownSignal;
use actix_service::{ServiceFactoryExt, apply_fn_factory, fn_service, map_config};
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{AppConfig, Service, ServiceFactory, ServiceRequest, ServiceResponse},
    http::StatusCode,
    rt::net::{ActixStream, TcpStream},
};
use tokio::net::TcpSocket;

use super::connections;
use crate::web::middleware::{ACCESS_TARGET, HEAD_TIMEOUT};

/// How many connections wait in the system's queue.
const BACKLOG: u32 = 2_048;

/// Binds a port.
pub(super) fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // A restart must not wait for the connections of the process before. Elsewhere than on Unix it
    // would share the port.
    socket.set_reuseaddr(cfg!(unix))?;
    socket.bind(address)?;
    socket.listen(BACKLOG)?.into_std()
}

/// Serves the app over HTTP/1.1 on every connection of a listener.
pub(super) fn serve<S, T, B>(
    app: App<T>,
    stopping: GracefulShutdownSignal,
) -> impl ServiceFactory<S, Config = (), Response = (), Error = DispatchError, InitError = ()>
where
    S: ActixStream + 'static,
    T: ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<B>,
            Error = Error,
            InitError = (),
        > + 'static,
    T::Future: 'static,
    B: MessageBody + 'static,
{
    let http = HttpService::build()
        .keep_alive(connections::KEEP_ALIVE)
        .client_request_timeout(HEAD_TIMEOUT)
        .client_disconnect_timeout(connections::DISCONNECT_TIMEOUT)
        .graceful_shutdown_signal(move || {
            let stopping = stopping.clone();
            async move { stopping.notified().await }
        })
        .on_connect_ext(|stream: &S, data| connections::watch_connection(stream, data))
        .finish(map_config(app, |()| AppConfig::default()));
    let accept = fn_service(|stream: S| {
        let peer = peer_address(&stream);
        ready(Ok((stream, Protocol::Http1, peer)))
    });
    apply_fn_factory(accept.and_then(http), log_failures)
}

/// Serves a connection, and logs why it failed.
fn log_failures<S: ActixStream + 'static, H>(
    stream: S,
    http: &H,
) -> impl Future<Output = Result<(), DispatchError>> + use<S, H>
where
    H: Service<S, Response = (), Error = DispatchError>,
{
    let peer = peer_address(&stream).map_or_else(|| "-".to_owned(), |peer| peer.ip().to_string());
    let served = http.call(stream);
    async move { served.await.inspect_err(|error| log_failure(&peer, error)) }
}

/// Logs why a connection failed. actix-http logs it as well, without the address and always as an
/// error, so `waxseal serve` leaves that line out.
fn log_failure(peer: &str, error: &DispatchError) {
    match error {
        // In the access log, as a request without a method and a path.
        DispatchError::Parse(error) => {
            let status = match error {
                actix_http::error::ParseError::TooLarge => {
                    StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE
                }
                _ => StatusCode::BAD_REQUEST,
            };
            let status = status.as_u16();
            log::info!(
                target: ACCESS_TARGET, address:% = peer, status;
                "{peer} \"-\" {status} not valid HTTP: {error}"
            );
        }
        DispatchError::Body(_) | DispatchError::InternalError | DispatchError::Service(_) => {
            log::error!("a response to {peer} failed: {error}");
        }
        // The client went away.
        _ => log::debug!("the connection of {peer} failed: {error}"),
    }
}

/// `None` for a UNIX socket.
fn peer_address(stream: &dyn Any) -> Option<SocketAddr> {
    stream.downcast_ref::<TcpStream>()?.peer_addr().ok()
}
