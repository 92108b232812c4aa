//! The site: the pages, with everything that stands around them.

use std::{io, net::SocketAddr};

use actix_web::{
    App, HttpServer,
    dev::Server,
    middleware::{Condition, Logger, from_fn},
    web::{self, Data},
};

use super::connections;
use crate::{
    accounts::Accounts,
    db::SqlSessionStore,
    session::SessionLayer,
    web::{
        bodies, carry_through, departure, error, headers,
        limits::Limits,
        origin::{PublicOrigin, same_origin},
        page_routes, public_routes,
        request_time::measured,
        trusted_proxies::TrustedProxies,
    },
};

/// How long requests in flight may take to finish after the process was told to stop, in seconds.
const DRAIN_SECONDS: u64 = 25;

/// What the pages work with, shared by all workers.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) accounts: Data<Accounts>,
    pub(super) sessions: Data<SessionLayer<SqlSessionStore>>,
    pub(super) limits: Data<Limits>,
    pub(super) origin: Data<PublicOrigin>,
    pub(super) proxies: Data<TrustedProxies>,
    pub(super) in_production: bool,
    /// Whether there are metrics.
    pub(super) measured: bool,
}

impl Site {
    /// Binds an address, to answer there until this is over: which it is, and what begins to
    /// answer.
    pub(super) fn bind(
        self,
        address: SocketAddr,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> io::Result<(SocketAddr, impl FnOnce() -> Server)> {
        let server = HttpServer::new(move || {
            // From the inside out: the last one wrapped sees a request first.
            App::new()
                .app_data(self.accounts.clone())
                .app_data(self.sessions.clone())
                .app_data(self.origin.clone())
                .app_data(self.limits.clone())
                .app_data(self.proxies.clone())
                .configure(public_routes)
                .service(
                    web::scope("")
                        .configure(page_routes)
                        .wrap(SessionLayer::clone(&self.sessions))
                        .wrap(from_fn(departure::seen_off))
                        .wrap(from_fn(headers::private))
                        .wrap(from_fn(carry_through::writes)),
                )
                .wrap(from_fn(same_origin))
                .wrap(from_fn(bodies::limited))
                .wrap(from_fn(error::pages))
                .wrap(from_fn(headers::everywhere))
                .wrap(Condition::new(self.in_production, from_fn(headers::https_only)))
                .wrap(access_log(self.proxies.clone()))
                .wrap(Condition::new(self.measured, from_fn(measured)))
                .wrap(from_fn(connections::noted))
        })
        .on_connect(connections::observe)
        .client_request_timeout(bodies::HEAD_PATIENCE)
        .keep_alive(connections::KEEP_ALIVE)
        .client_disconnect_timeout(connections::LINGER)
        .max_connections(connections::MAX_PER_WORKER)
        .shutdown_signal(stop)
        .shutdown_timeout(DRAIN_SECONDS)
        .bind(address)?;
        let address = server.addrs().first().copied().unwrap_or(address);
        Ok((address, move || server.run()))
    }
}

/// One line a request. The path without its query: addresses are searched for in it.
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
