//! `waxseal serve`: runs the server.

use super::output::Failure;
use crate::{
    app::Application,
    clock::Clock,
    config::{Config, Settings},
};

pub(super) fn run(settings: Settings) -> Result<(), Failure> {
    let config = settings.validate()?;
    env_logger::Builder::new().parse_filters(&config.log_filter).init();
    actix_web::rt::System::new().block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    if config.temporary_secret {
        log::warn!(
            "SESSION_SECRET is not set: everybody will be logged out when this process ends"
        );
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
