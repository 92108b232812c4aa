//! The application: everything put together, started and stopped. The binary and the tests start
//! the same one.

mod metrics_server;

use std::{io, net::SocketAddr, sync::Arc};

use actix_web::{
    App, HttpServer,
    dev::Server,
    middleware::{Condition, Logger, from_fn},
    web::{self, Data},
};

use self::metrics_server::MetricsServer;
use crate::{
    accounts::{Accounts, Hashing, HashingError},
    clock::Clock,
    config::{Config, Environment},
    jobs::Jobs,
    session::{SessionLayer, SettingsError},
    storage::{SessionStore, Storage, StorageError},
    web::{
        error, headers, limits::Limits, origin, page_routes, public_routes, request_time::measured,
        trusted_proxies::TrustedProxies,
    },
};

pub use self::metrics_server::MetricsError;

/// How long requests in flight may take to finish after the process was told to stop, in seconds.
const DRAIN_SECONDS: u64 = 25;

/// A server that is bound to its address and ready to run.
pub struct Application {
    server: Server,
    address: SocketAddr,
    jobs: Jobs,
    metrics: Option<MetricsServer>,
}

impl Application {
    /// Opens the database, binds the address and puts the layers around the pages. Nothing is
    /// answered before [`run_until_stopped`](Self::run_until_stopped).
    ///
    /// # Errors
    ///
    /// When the database can't be opened or an address can't be bound.
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        let storage = Storage::connect(&config.database).await?;
        let sessions = Arc::new(SessionStore::load(storage.clone(), clock.clone()).await?);
        let layer = SessionLayer::builder(config.keyring, Arc::clone(&sessions))
            .cookie_name(config.cookie_name)
            .secure(config.environment == Environment::Production)
            .lifetimes(config.lifetimes)
            .mode(config.mode)
            .clock(clock.clone())
            .build()?;
        let jobs = Jobs {
            storage: storage.clone(),
            sessions: Arc::clone(&sessions),
            clock: clock.clone(),
            cleanup_interval: config.cleanup_interval,
        };
        let accounts = Data::new(Accounts {
            storage,
            sessions: Arc::clone(&sessions),
            hashing: Hashing::new(clock.clone())?,
            policy: config.passwords,
            lifetimes: config.lifetimes,
            clock: clock.clone(),
        });
        let metrics_are_on = config.metrics_listen.is_some();
        let limits = Data::new(Limits::new(&clock));
        let site = Data::new(origin::PublicOrigin(config.public_origin));
        let proxies = Data::new(config.trusted_proxies);

        let server = HttpServer::new(move || {
            // From the inside out: the last one wrapped sees a request first.
            App::new()
                .app_data(accounts.clone())
                .app_data(site.clone())
                .app_data(limits.clone())
                .app_data(proxies.clone())
                .configure(public_routes)
                .service(
                    web::scope("")
                        .configure(page_routes)
                        .wrap(layer.clone())
                        .wrap(from_fn(headers::private)),
                )
                .wrap(from_fn(origin::same_origin))
                .wrap(from_fn(error::pages))
                .wrap(from_fn(headers::everywhere))
                .wrap(access_log(proxies.clone()))
                .wrap(Condition::new(metrics_are_on, from_fn(measured)))
        })
        .shutdown_signal(stop_signal().map_err(StartError::Signals)?)
        .shutdown_timeout(DRAIN_SECONDS)
        .bind(config.listen)
        .map_err(|cause| StartError::Bind { address: config.listen, cause })?;

        let address = server.addrs().first().copied().unwrap_or(config.listen);
        let metrics = config.metrics_listen.map(|at| MetricsServer::bind(at, sessions, clock));
        Ok(Self { metrics: metrics.transpose()?, server: server.run(), address, jobs })
    }

    /// The address it listens on.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The port it listens on: the one that was picked, where port 0 was asked for.
    pub fn port(&self) -> u16 {
        self.address.port()
    }

    /// The address that the metrics are on, if they are.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(MetricsServer::address)
    }

    /// Answers requests, and does what goes on beside them, until the process is told to stop
    /// (SIGTERM or Ctrl-C); and then answers those that are in flight.
    ///
    /// # Errors
    ///
    /// When the server fails.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        let Self { server, jobs, mut metrics, .. } = self;
        let watching = async {
            if let Some(metrics) = &mut metrics {
                metrics.run().await;
            }
        };
        let outcome = tokio::select! {
            outcome = server => outcome,
            // They go on for ever.
            _ = async { tokio::join!(jobs.run(), watching) } => Ok(()),
        };
        jobs.finish().await;
        outcome
    }
}

/// One line a request. The path without its query: addresses are searched for in it.
fn access_log(proxies: Data<TrustedProxies>) -> Logger {
    Logger::new("%{client}xi \"%{method}xi %U\" %s %Dms")
        .custom_request_replace("client", move |request| {
            let client = proxies.client_address(request.request());
            client.map_or_else(|| "-".to_owned(), |address| address.to_string())
        })
        .custom_request_replace("method", |request| request.method().to_string())
        .log_target("waxseal::access")
}

/// SIGTERM or Ctrl-C. From the call on, not only from the first poll: whoever reads in the log that
/// the server listens may stop it.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminated.recv() => {}
            _ = interrupted.recv() => {}
        }
        log::info!("told to stop: requests in flight are answered first");
    })
}

/// Ctrl-C.
#[cfg(windows)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    let mut interrupted = tokio::signal::windows::ctrl_c()?;
    Ok(async move { interrupted.recv().await.unwrap_or_default() })
}

/// Why the server could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database could not be opened.
    #[error("DATABASE_URL: the database can't be opened")]
    Storage(#[from] StorageError),
    /// The address could not be bound.
    #[error("LISTEN: {address} can't be bound")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// The metrics can't be served.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// The system does not let the process wait for signals.
    #[error("signals can't be waited for")]
    Signals(#[source] io::Error),
    /// The session layer refused its settings.
    #[error("SESSION_COOKIE_NAME: the session layer can't be set up")]
    Session(#[from] SettingsError),
    /// Passwords can't be hashed.
    #[error("passwords can't be hashed")]
    Hashing(#[from] HashingError),
}
