//! `GET /metrics` in Prometheus' text format, on its own address. It requires no log-in: make it
//! reachable for your monitoring only.

use std::{
    io,
    net::SocketAddr,
    sync::{Mutex, PoisonError},
    time::Duration,
};

use actix_web::{
    App, HttpResponse, HttpServer,
    dev::Server,
    http::header::CONTENT_TYPE,
    middleware::from_fn,
    web::{self, Data},
};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use waxseal_session::{Clock, ErrorChain, Interval};

use crate::{
    db::{AccountStore, SqlSessionStore, UNKNOWN_KIND},
    domain::MailContent,
    telemetry,
    web::middleware::{no_store, security_headers},
};

/// The version of Prometheus' text format that every scraper reads.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// How often to add measurements to the histograms. Without this they would pile up until `/metrics` is
/// read. The exporter's own listener uses the same interval.
const UPKEEP_INTERVAL: Duration = Duration::from_secs(5);

/// How often the outbox is counted.
const OUTBOX_INTERVAL: Duration = Duration::from_secs(15);

/// The metrics server. It stops when dropped.
pub(super) struct MetricsServer {
    server: Server,
    address: SocketAddr,
    exporter: PrometheusHandle,
    accounts: AccountStore,
    clock: Clock,
}

impl MetricsServer {
    /// Binds the address and installs the recorder.
    pub(super) fn bind(
        address: SocketAddr,
        accounts: AccountStore,
        clock: Clock,
    ) -> Result<Self, MetricsError> {
        let exporter = install()?;
        let sessions = accounts.sessions().clone();
        let metrics = Data::new(Metrics { exporter: exporter.clone(), sessions });
        let server = HttpServer::new(move || {
            let metrics_page =
                web::resource("/metrics").route(web::get().to(show)).route(web::head().to(show));
            App::new()
                .app_data(metrics.clone())
                .service(metrics_page)
                .wrap(from_fn(no_store))
                .wrap(from_fn(security_headers))
        })
        .workers(1)
        .disable_signals()
        .bind(address)
        .map_err(|cause| MetricsError::Bind { address, cause })?;
        let address = server.addrs().first().copied().unwrap_or(address);
        Ok(Self { server: server.run(), address, exporter, accounts, clock })
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves metrics until dropped. A failure is only logged: log-ins go on without metrics.
    pub(super) async fn run(&mut self) {
        let Self { server, exporter, accounts, clock, .. } = self;
        let serving = async {
            if let Err(error) = server.await {
                log::error!("the metrics server failed: {error}");
            }
        };
        let upkeep = async {
            loop {
                clock.sleep_until(clock.elapsed() + UPKEEP_INTERVAL).await;
                exporter.run_upkeep();
            }
        };
        let outbox = async {
            let mut interval = Interval::new(clock, OUTBOX_INTERVAL);
            loop {
                match accounts.outbox_status().await {
                    Ok(outbox) => telemetry::outbox(outbox.waiting, outbox.oldest),
                    Err(error) => log::debug!("metrics of the outbox: {}", ErrorChain(&error)),
                }
                interval.tick().await;
            }
        };
        tokio::join!(serving, upkeep, outbox);
    }
}

struct Metrics {
    exporter: PrometheusHandle,
    sessions: SqlSessionStore,
}

async fn show(metrics: Data<Metrics>) -> HttpResponse {
    // Set here, so that nothing has to keep the gauges up to date.
    let feed = metrics.sessions.feed_status();
    telemetry::revocation_feed(feed.entries, feed.age);
    HttpResponse::Ok().insert_header((CONTENT_TYPE, TEXT_FORMAT)).body(metrics.exporter.render())
}

/// Installs the recorder. A process can have only one, so all applications in a process share it.
fn install() -> Result<PrometheusHandle, MetricsError> {
    static INSTALLED: Mutex<Option<PrometheusHandle>> = Mutex::new(None);

    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(exporter) = &*installed {
        return Ok(exporter.clone());
    }
    let mut builder = PrometheusBuilder::new();
    for (name, _, buckets) in telemetry::HISTOGRAMS {
        builder = builder.set_buckets_for_metric(Matcher::Full(name.to_owned()), buckets)?;
    }
    let recorder = builder.build_recorder();
    let exporter = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|_| MetricsError::AnotherRecorder)?;
    telemetry::describe();
    telemetry::register(MailContent::KINDS.into_iter().chain([UNKNOWN_KIND]));
    *installed = Some(exporter.clone());
    Ok(exporter)
}

/// Why metrics can't be served.
#[derive(Debug, thiserror::Error)]
pub enum MetricsError {
    /// The address could not be bound.
    #[error("METRICS_LISTEN: {address} can't be bound")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why.
        #[source]
        cause: io::Error,
    },
    /// Another recorder of the crate `metrics` is installed in this process.
    #[error("METRICS_LISTEN: this process already has a metrics recorder")]
    AnotherRecorder,
    /// The exporter refused its settings.
    #[error("METRICS_LISTEN: the exporter can't be set up")]
    Exporter(#[from] BuildError),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_applications_of_a_process_share_one_recorder() {
        let (first, second) = (install().unwrap(), install().unwrap());
        telemetry::signed_up();
        assert_eq!(first.render().lines().count(), second.render().lines().count());
        assert!(!second.render().contains("waxseal_signups_total 0"));
    }
}
