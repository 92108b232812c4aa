//! `waxseal serve`: runs the server.

use waxseal_session::Clock;

use super::{file_limit, logging, output::Failure};
use crate::{app::Application, config::ServeArgs};

pub(super) async fn run(args: ServeArgs) -> Result<(), Failure> {
    let config = args.validate()?;
    logging::start(&config.log_filter);
    file_limit::raise();
    for warning in config.warnings() {
        log::warn!("{warning}");
    }
    let application = Application::build(config, Clock::system()).await?;
    if let Some(address) = application.metrics_address() {
        log::info!("metrics are on http://{address}/metrics");
    }
    log::info!("waxseal {} listens on http://{}", env!("CARGO_PKG_VERSION"), application.address());
    application.run_until_stopped().await?;
    log::info!("stopped");
    Ok(())
}
