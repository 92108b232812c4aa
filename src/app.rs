//! The application: builds, starts and stops the server and its background jobs. The binary and the
//! tests both use it.

mod connections;
mod http_server;
mod listener;
mod metrics_server;
mod site;

use std::{io, net::SocketAddr};

use actix_web::{dev::Server, web::Data};
use waxseal_session::{Clock, SessionMiddleware, SessionMiddlewareBuilder, SettingsError};

use self::{
    listener::{Listener, SocketFile},
    metrics_server::MetricsServer,
    site::{Bound, Site},
};
use crate::{
    accounts::{Accounts, AccountsError, Hashing, HashingError, MailPolicy},
    config::{
        Config, Environment, FirstAdmin, ListenAddress, MailConfig, ServerConfig, SessionConfig,
    },
    db::{self, AccountStore, DatabaseError, SqlSessionStore},
    jobs::Jobs,
    mail::{self, InFlight, MailFolder, MailTransport, Mailer, Transport, TransportError},
    web::{
        is_background, limits::RateLimits, middleware::NoticeCookie, setup::SetupChecks,
        site_origin::SiteOrigin, trusted_proxies::TrustedProxies,
    },
};

pub(crate) use self::listener::{is_socket_taken, passed_on};
pub use self::{listener::ListenError, metrics_server::MetricsError};

/// A server that is bound to its address and ready to run.
pub struct Application {
    server: Server,
    addresses: Vec<ListenAddress>,
    /// Removed when the server has stopped.
    _socket_files: Vec<SocketFile>,
    jobs: Jobs,
    metrics: Option<MetricsServer>,
}

impl Application {
    /// Opens the database and binds the addresses. The server answers requests once
    /// [`run_until_stopped`](Self::run_until_stopped) is called.
    ///
    /// # Errors
    ///
    /// If the database can't be opened, an address can't be bound, or a setting is invalid.
    pub async fn build(config: Config, clock: Clock) -> Result<Self, StartError> {
        let Config { environment, server, database, session, mail, .. } = config;
        let in_production = environment == Environment::Production;
        let listeners = listener::listeners(&server.listen, environment)?;
        warn_of_unknown_addresses(&server, &listeners);
        let database = db::connect_with(&database, config.connections).await?;
        let sessions = SqlSessionStore::load(database, clock.clone()).await?;
        let store = AccountStore::new(sessions.clone(), clock.clone());
        let links_origin = links_origin(&server, &listeners);
        let origin = SiteOrigin { public_url: server.public_origin, https_only: in_production };
        let setup = SetupChecks::new(origin.clone(), session.cookie_name.clone(), clock.clone());
        let notice_cookie = NoticeCookie::beside(&session.cookie_name, in_production);
        let (expiry_policy, step_up_after) = (session.expiry_policy, session.step_up_after);
        let proxies = server.trusted_proxies.clone();
        let middleware = session_middleware(sessions, session, proxies, clock.clone())
            .cookie_secure(in_production)
            .build()?;
        let (mail_policy, shown) = (mail_policy(&mail, in_production), shown(&mail, in_production));
        let jobs = Jobs {
            mailer: mailer(mail, links_origin, &store, &middleware, &clock)?,
            accounts: store.clone(),
            clock: clock.clone(),
            cleanup_interval: server.cleanup_interval,
        };
        let accounts = Data::new(Accounts {
            store,
            hashing: Hashing::new(clock.clone())?,
            policy: config.passwords,
            sign_up: config.sign_up,
            mail: mail_policy,
            expiry_policy,
            step_up_after,
            clock: clock.clone(),
        });
        add_first_admin(&accounts, config.first_admin.as_ref()).await?;
        let site = Site {
            accounts,
            sessions: Data::new(middleware),
            limits: Data::new(RateLimits::new(&clock)),
            origin: Data::new(origin),
            setup: Data::new(setup),
            proxies: Data::new(server.trusted_proxies),
            notice_cookie: Data::new(notice_cookie),
            shown_mails: Data::new(shown),
            in_production,
            has_metrics: server.metrics_listen.is_some(),
        };
        let stop = stop_signal().map_err(StartError::Signals)?;
        let Bound { addresses, socket_files, run } = site.bind(listeners, stop)?;
        let metrics =
            server.metrics_listen.map(|at| MetricsServer::bind(at, jobs.accounts.clone(), clock));
        Ok(Self {
            metrics: metrics.transpose()?,
            server: run(),
            addresses,
            _socket_files: socket_files,
            jobs,
        })
    }

    /// The addresses that the server listens on: one, or those of the sockets that systemd passed on.
    /// The port is the one the system picked if the setting is 0.
    pub fn addresses(&self) -> &[ListenAddress] {
        &self.addresses
    }

    /// The port that the server listens on, unless it listens only on UNIX sockets.
    pub fn port(&self) -> Option<u16> {
        self.addresses.iter().find_map(|address| Some(address.tcp()?.port()))
    }

    /// The address that metrics are served on, if `METRICS_LISTEN` is set.
    pub fn metrics_address(&self) -> Option<SocketAddr> {
        self.metrics.as_ref().map(MetricsServer::address)
    }

    /// Answers requests and runs the background jobs until SIGTERM, SIGHUP, SIGQUIT or Ctrl-C, then
    /// finishes the requests in flight.
    ///
    /// # Errors
    ///
    /// If the server fails.
    pub async fn run_until_stopped(self) -> io::Result<()> {
        let Self { server, jobs, mut metrics, _socket_files, .. } = self;
        let serving_metrics = async {
            if let Some(metrics) = &mut metrics {
                metrics.run().await;
            }
        };
        let outcome = tokio::select! {
            outcome = server => outcome,
            // These never end.
            _ = async { tokio::join!(jobs.run(), serving_metrics) } => Ok(()),
        };
        jobs.finish().await;
        outcome
    }
}

/// Adds the administrator that the settings name, if there is no user.
async fn add_first_admin(
    accounts: &Accounts,
    admin: Option<&FirstAdmin>,
) -> Result<(), AccountsError> {
    match admin {
        Some(FirstAdmin { email, password }) => accounts.add_first_admin(email, password).await,
        None => Ok(()),
    }
}

/// Warns of a socket that was passed on; if the setting is one, the settings have warned of it.
fn warn_of_unknown_addresses(server: &ServerConfig, listeners: &[Listener]) {
    if server.listen.unix().is_none() && listeners.iter().any(Listener::is_unix) {
        server.unknown_addresses().iter().for_each(|warning| log::warn!("{warning}"));
    }
}

/// What the links in mails begin with: `PUBLIC_URL`, or in development the address that the server listens on.
fn links_origin(server: &ServerConfig, listeners: &[Listener]) -> String {
    let listening = || listeners.iter().find_map(|listener| listener.address().ok()?.tcp());
    match (&server.public_origin, listening()) {
        (Some(origin), _) => origin.clone(),
        (None, Some(address)) => format!("http://{address}"),
        (None, None) => "http://localhost".to_owned(),
    }
}

/// Which mails are sent.
fn mail_policy(mail: &MailConfig, in_production: bool) -> MailPolicy {
    MailPolicy {
        is_sent: mail.transport.is_some(),
        is_shown: shown(mail, in_production).is_some(),
        notifies: mail.notify && mail.transport.is_some(),
        confirmation: mail.confirmation,
    }
}

/// The mails that development shows.
fn shown(mail: &MailConfig, in_production: bool) -> Option<MailFolder> {
    match &mail.transport {
        Some(MailTransport::Directory(folder)) if !in_production => {
            Some(MailFolder(folder.clone()))
        }
        _ => None,
    }
}

/// What sends mail, if any is sent.
fn mailer(
    config: MailConfig,
    origin: String,
    store: &AccountStore,
    sessions: &SessionMiddleware<SqlSessionStore>,
    clock: &Clock,
) -> Result<Option<Mailer>, TransportError> {
    let Some(transport) = &config.transport else { return Ok(None) };
    Ok(Some(Mailer {
        store: store.clone(),
        sessions: sessions.clone(),
        site: mail::Site::new(config.from, origin),
        transport: Transport::open(transport)?,
        notifies: config.notify,
        clock: clock.clone(),
        in_flight: InFlight::default(),
    }))
}

/// The session middleware as the settings have it.
fn session_middleware(
    sessions: SqlSessionStore,
    config: SessionConfig,
    proxies: TrustedProxies,
    clock: Clock,
) -> SessionMiddlewareBuilder<SqlSessionStore> {
    SessionMiddleware::builder(sessions, config.keyring)
        .cookie_name(config.cookie_name)
        .expiry_policy(config.expiry_policy)
        .mode(config.mode)
        .clock(clock)
        .no_refresh(is_background)
        .client_address(move |request| proxies.client_address(request))
}

/// Completes on SIGTERM, Ctrl-C, SIGHUP (a terminal that closes) or SIGQUIT, which would otherwise end
/// the process at once, with requests in flight. It catches signals from the call on, not from the first poll, because
/// the server may be stopped as soon as the log says that it listens.
#[cfg(unix)]
fn stop_signal() -> io::Result<impl Future<Output = ()>> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut terminated = signal(SignalKind::terminate())?;
    let mut interrupted = signal(SignalKind::interrupt())?;
    let mut hung_up = match is_hangup_ignored() {
        true => None,
        false => Some(signal(SignalKind::hangup())?),
    };
    let mut quit = signal(SignalKind::quit())?;
    Ok(async move {
        let name = tokio::select! {
            _ = terminated.recv() => "SIGTERM",
            _ = interrupted.recv() => "SIGINT",
            Some(_) = async { hung_up.as_mut()?.recv().await } => "SIGHUP",
            _ = quit.recv() => "SIGQUIT",
        };
        log::info!("{name}: stopping after the requests in flight");
    })
}

/// Whether the process was started to outlive its terminal, as by nohup. Linux says so; elsewhere a
/// process that nohup started stops with the terminal.
#[cfg(unix)]
fn is_hangup_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // SIGHUP is signal 1, the lowest bit.
    ignored.is_some_and(|mask| mask & 1 == 1)
}

/// Completes on Ctrl-C.
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
    /// A socket can't be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The metrics can't be served.
    #[error(transparent)]
    Metrics(#[from] MetricsError),
    /// Mail can't be sent.
    #[error(transparent)]
    Mail(#[from] TransportError),
    /// Signal handlers can't be installed.
    #[error("signals can't be waited for")]
    Signals(#[source] io::Error),
    /// The session middleware refused its settings.
    #[error("SESSION_COOKIE_NAME: the session middleware can't be set up")]
    Session(#[from] SettingsError),
    /// The first administrator can't be created.
    #[error("ADMIN_EMAIL: the first administrator can't be created")]
    FirstAdmin(#[from] AccountsError),
    /// Passwords can't be hashed.
    #[error("passwords can't be hashed")]
    Hashing(#[from] HashingError),
}
