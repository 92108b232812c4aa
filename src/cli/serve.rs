//! `waxseal serve`: runs the server.

use waxseal_session::Clock;

use super::{file_limit, logging, output::Failure};
use crate::{
    app::Application,
    config::{ServeArgs, SettingWarning},
};

/// Runs the server. `slips` are names that look like settings and are none.
pub(super) async fn run(args: ServeArgs, slips: Vec<SettingWarning>) -> Result<(), Failure> {
    // First, so that a problem with another setting is reported in the same format.
    logging::start(&args.log.validate()?);
    for slip in &slips {
        log::warn!("{slip}");
    }
    let config = args.validate()?;
    file_limit::raise();
    for warning in &config.warnings {
        log::warn!("{warning}");
    }
    let application = Application::build(config, Clock::system()).await?;
    if let Some(address) = application.metrics_address() {
        log::info!("metrics are on http://{address}/metrics");
    }
    for address in application.addresses() {
        let scheme = if address.tcp().is_some() { "http://" } else { "" };
        log::info!("waxseal {} listens on {scheme}{address}", env!("CARGO_PKG_VERSION"));
    }
    application.run_until_stopped().await?;
    log::info!("stopped");
    Ok(())
}
