//! The HTTP server: the routes and the order of the middleware around them.

use actix_server::Server;
use actix_web::{
    App, Error,
    body::MessageBody,
    dev::{ServiceFactory, ServiceRequest, ServiceResponse},
    middleware::{Condition, from_fn},
    web::{self, Data},
};
use waxseal_session::SessionMiddleware;

use super::{
    connections, http_server,
    listener::{ListenError, Listener, SocketFile},
};
use crate::{
    accounts::Accounts,
    config::ListenAddress,
    db::SqlSessionStore,
    web::{
        dev_mails,
        limits::RateLimits,
        middleware::{
            NoticeCookie, access_log, body_limits, clear_site_data, error_pages, no_store, notices,
            reject_cross_origin, request_time, run_to_completion, security_headers, setup_checks,
            strict_transport_security,
        },
        page_routes, public_routes,
        setup::SetupChecks,
        site_origin::SiteOrigin,
        trusted_proxies::TrustedProxies,
    },
};

/// How long requests in flight may take to finish after a stop signal, in seconds.
const DRAIN_SECONDS: u64 = 25;

/// A server that listens and does not answer yet.
pub(super) struct Bound<F> {
    /// The addresses it got: port 0 picks a port.
    pub(super) addresses: Vec<ListenAddress>,
    pub(super) socket_files: Vec<SocketFile>,
    /// Starts it.
    pub(super) run: F,
}

/// The name of the server's workers in the log.
const NAME: &str = "waxseal";

/// What handlers and middleware use. All workers share it.
#[derive(Clone)]
pub(super) struct Site {
    pub(super) accounts: Data<Accounts>,
    pub(super) sessions: Data<SessionMiddleware<SqlSessionStore>>,
    pub(super) limits: Data<RateLimits>,
    pub(super) origin: Data<SiteOrigin>,
    pub(super) setup: Data<SetupChecks>,
    pub(super) proxies: Data<TrustedProxies>,
    pub(super) notice_cookie: Data<NoticeCookie>,
    pub(super) shown_mails: Data<dev_mails::Shown>,
    pub(super) in_production: bool,
    pub(super) has_metrics: bool,
}

impl Site {
    /// Listens on the sockets. The server runs from when it is started until `stop` completes.
    pub(super) fn bind(
        self,
        listeners: Vec<Listener>,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<Bound<impl FnOnce() -> Server>, ListenError> {
        let mut server = Server::build()
            .max_concurrent_connections(connections::MAX_PER_WORKER)
            .shutdown_signal(stop)
            .shutdown_timeout(DRAIN_SECONDS);
        let (mut addresses, mut socket_files) = (Vec::new(), Vec::new());
        for listener in listeners {
            let address = listener.address().map_err(ListenError::Inherited)?;
            let (site, stopping) = (self.clone(), server.graceful_shutdown_signal());
            let listening = match listener {
                Listener::Tcp(socket) => server
                    .listen(NAME, socket, move || http_server::serve(site.app(), stopping.clone())),
                #[cfg(unix)]
                Listener::Unix(socket, file) => {
                    socket_files.extend(file);
                    server.listen_uds(NAME, socket, move || {
                        http_server::serve(site.app(), stopping.clone())
                    })
                }
            };
            server =
                listening.map_err(|cause| ListenError::Bind { address: address.clone(), cause })?;
            addresses.push(address);
        }
        Ok(Bound { addresses, socket_files, run: move || server.run() })
    }

    /// The routes and the middleware around them.
    fn app(
        &self,
    ) -> App<
        impl ServiceFactory<
            ServiceRequest,
            Config = (),
            Response = ServiceResponse<impl MessageBody + use<>>,
            Error = Error,
            InitError = (),
            Future: 'static,
        > + use<>,
    > {
        // From the inside out: the last `wrap` sees a request first.
        App::new()
            .app_data(self.accounts.clone())
            .app_data(self.sessions.clone())
            .app_data(self.origin.clone())
            .app_data(self.setup.clone())
            .app_data(self.limits.clone())
            .app_data(self.proxies.clone())
            .app_data(self.notice_cookie.clone())
            .app_data(self.shown_mails.clone())
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
            .wrap(from_fn(setup_checks))
            .wrap(from_fn(access_log))
            .wrap(Condition::new(self.has_metrics, from_fn(request_time)))
            .wrap(from_fn(connections::next_head_deadline))
    }
}
