//! The application: everything put together, started and stopped. The binary and the tests start
//! the same one.

mod connections;
mod metrics_server;
mod site;

use std::{io, net::SocketAddr, sync::Arc};

use actix_web::{dev::Server, web::Data};

use self::{metrics_server::MetricsServer, site::Site};
use crate::{
    accounts::{Accounts, Hashing, HashingError},
    clock::Clock,
    config::{Config, Environment},
    db::{self, AccountStore, DatabaseError, SqlSessionStore},
    jobs::Jobs,
    session::{SessionLayer, SettingsError},
    web::{limits::Limits, origin::PublicOrigin},
};

pub use self::metrics_server::MetricsError;

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
        let in_production = config.environment == Environment::Production;
        let database = db::connect(&config.database).await?;
        let sessions = Arc::new(SqlSessionStore::load(database, clock.clone()).await?);
        let store = AccountStore::new(SqlSessionStore::clone(&sessions), clock.clone());
        let layer = SessionLayer::builder(config.keyring, Arc::clone(&sessions))
            .cookie_name(config.cookie_name)
            .secure(in_production)
            .lifetimes(config.lifetimes)
            .mode(config.mode)
            .clock(clock.clone())
            .client_address({
                let proxies = config.trusted_proxies.clone();
                move |request| proxies.client_address(request)
            })
            .build()?;
        let jobs = Jobs {
            accounts: store.clone(),
            sessions: Arc::clone(&sessions),
            clock: clock.clone(),
            cleanup_interval: config.cleanup_interval,
        };
        let accounts = Data::new(Accounts {
            store,
            hashing: Hashing::new(clock.clone())?,
            policy: config.passwords,
            lifetimes: config.lifetimes,
            clock: clock.clone(),
        });
        let site = Site {
            accounts,
            sessions: Data::new(layer),
            limits: Data::new(Limits::new(&clock)),
            origin: Data::new(PublicOrigin(config.public_origin)),
            proxies: Data::new(config.trusted_proxies),
            in_production,
            measured: config.metrics_listen.is_some(),
        };
        let stop = stop_signal().map_err(StartError::Signals)?;
        let (address, run) = site
            .bind(config.listen, stop)
            .map_err(|cause| StartError::Bind { address: config.listen, cause })?;
        let metrics = config.metrics_listen.map(|at| MetricsServer::bind(at, sessions, clock));
        Ok(Self { metrics: metrics.transpose()?, server: run(), address, jobs })
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
    Database(#[from] DatabaseError),
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
