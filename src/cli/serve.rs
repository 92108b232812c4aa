//! `waxseal serve`: runs the server.

use waxseal_session::Clock;

use super::{file_limit, logging, output::Failure};
use crate::{
    app::Application,
    config::{Environment, ListenAddress, ServeArgs, SettingWarning},
    mail::MailTransport,
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
    let (mails, environment) = (config.mail.transport.clone(), config.environment);
    let application = Application::build(config, Clock::system()).await?;
    if let Some(address) = application.metrics_address() {
        log::info!("metrics are on http://{address}/metrics");
    }
    if let Some(mails) = mails {
        log::info!("{mails}{}", shown_at(&mails, environment, application.addresses()));
    }
    for address in application.addresses() {
        let scheme = if address.tcp().is_some() { "http://" } else { "" };
        log::info!("waxseal {} listens on {scheme}{address}", env!("CARGO_PKG_VERSION"));
    }
    application.run_until_stopped().await?;
    log::info!("stopped");
    Ok(())
}

/// Where development shows the mails.
fn shown_at(
    mails: &MailTransport,
    environment: Environment,
    addresses: &[ListenAddress],
) -> String {
    let address = addresses.iter().find_map(ListenAddress::tcp);
    match (mails, environment, address) {
        (MailTransport::Directory(_), Environment::Development, Some(address)) => {
            format!(" and shown at http://{address}/dev/mails")
        }
        _ => String::new(),
    }
}
