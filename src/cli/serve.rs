//! `waxseal serve`: runs the server.

use super::{log_lines, open_files, output::Failure};
use crate::{
    app::Application,
    clock::Clock,
    config::{Config, Settings},
};

pub(super) fn run(settings: Settings) -> Result<(), Failure> {
    let config = settings.validate()?;
    log_lines::begin(&config.log_filter);
    open_files::take_all_allowed();
    actix_web::rt::System::new().block_on(serve(config))
}

async fn serve(config: Config) -> Result<(), Failure> {
    for doubt in &config.doubts {
        log::warn!("{doubt}");
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
