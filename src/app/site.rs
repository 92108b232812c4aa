//! The HTTP server: the routes and the order of the middleware around them.

use std::{io, net::SocketAddr};

use actix_web::{
    App, HttpServer,
    dev::Server,
    middleware::{Condition, Logger, from_fn},
    web::{self, Data},
};
use waxseal_session::SessionMiddleware;

use super::connections;
use crate::{
    accounts::Accounts,
    db::SqlSessionStore,
    web::{
        limits::RateLimits,
        middleware::{
            HEAD_TIMEOUT, NoticeCookie, PublicOrigin, body_limits, clear_site_data, error_pages,
            no_store, notices, reject_cross_origin, request_time, run_to_completion,
            security_headers, strict_transport_security,
        },
        page_routes, public_routes,
        trusted_proxies::TrustedProxies,
    },
};

/// How long requests in flight may take to finish after a stop signal, in seconds.
const DRAIN_SECONDS: u64 = 25;

/// What handlers and middleware use. All workers share it.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) accounts: Data<Accounts>,
    pub(super) sessions: Data<SessionMiddleware<SqlSessionStore>>,
    pub(super) limits: Data<RateLimits>,
    pub(super) origin: Data<PublicOrigin>,
    pub(super) proxies: Data<TrustedProxies>,
    pub(super) notice_cookie: Data<NoticeCookie>,
    pub(super) in_production: bool,
    pub(super) has_metrics: bool,
}

impl Site {
    /// Binds the address. Returns the one it got (port 0 picks a port) and a function that starts the
    /// server, which runs until `stop` completes.
    pub(super) fn bind(
        self,
        address: SocketAddr,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<(SocketAddr, impl FnOnce() -> Server)> {
        let server = HttpServer::new(move || {
            // From the inside out: the last `wrap` sees a request first.
            App::new()
                .app_data(self.accounts.clone())
                .app_data(self.sessions.clone())
                .app_data(self.origin.clone())
                .app_data(self.limits.clone())
                .app_data(self.proxies.clone())
                .app_data(self.notice_cookie.clone())
                .configure(public_routes)
                .service(
                    web::scope("")
                        .configure(page_routes)
                        .wrap(from_fn(notices))
                        .wrap(self.sessions.respond_to_errors())
                        .wrap(from_fn(clear_site_data))
                        .wrap(from_fn(no_store))
                        .wrap(from_fn(run_to_completion)),
                )
                .wrap(from_fn(reject_cross_origin))
                .wrap(from_fn(body_limits))
                .wrap(from_fn(error_pages))
                .wrap(from_fn(security_headers))
                .wrap(Condition::new(self.in_production, from_fn(strict_transport_security)))
                .wrap(access_log(self.proxies.clone()))
                .wrap(Condition::new(self.has_metrics, from_fn(request_time)))
                .wrap(from_fn(connections::next_head_deadline))
        })
        .on_connect(connections::watch_connection)
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(connections::KEEP_ALIVE)
        .client_disconnect_timeout(connections::DISCONNECT_TIMEOUT)
        .max_connections(connections::MAX_PER_WORKER)
        .shutdown_signal(stop)
        .shutdown_timeout(DRAIN_SECONDS)
        .bind(address)?;
        let address = server.addrs().first().copied().unwrap_or(address);
        Ok((address, move || server.run()))
    }
}

/// One line per request. The path is logged without its query, which may hold an email address.
fn access_log(proxies: Data<TrustedProxies>) -> Logger {
    Logger::new("%{client}xi \"%{method}xi %{path}xi\" %s %Dms")
        .custom_request_replace("client", move |request| {
            let client = proxies.client_address(request.request());
            client.map_or_else(|| "-".to_owned(), |address| address.to_string())
        })
        .custom_request_replace("method", |request| request.method().to_string())
        .custom_request_replace("path", |request| {
            request.path().as_bytes().escape_ascii().to_string()
        })
        .log_target("waxseal::access")
}
