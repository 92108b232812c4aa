//! The setting `RUST_LOG`.

use clap::Args;

use super::{invalid_setting::InvalidSetting, value::given};

const DEFAULT: &str = "info";

/// The setting of the log.
#[derive(Args, Clone, Default)]
pub struct LogArgs {
    /// What is logged: error, warn, info, debug, or a filter for env_logger
    ///
    /// A filter names targets: `warn,waxseal::audit=info` keeps what defenders read.
    #[arg(
        long = "rust-log",
        env = "RUST_LOG",
        value_name = "FILTER",
        default_value = DEFAULT,
        hide_env_values = true
    )]
    pub filter: Option<String>,
}

impl LogArgs {
    /// # Errors
    ///
    /// When env_logger can't read the filter.
    pub fn validate(&self) -> Result<String, InvalidSetting> {
        let filter = given(&self.filter).unwrap_or(DEFAULT);
        env_filter::Builder::new().try_parse(filter).map_err(|_| {
            let problem = format!(
                "{filter:?} must be a level such as info, or a list like warn,waxseal=debug"
            );
            InvalidSetting::new("RUST_LOG", problem)
        })?;
        Ok(filter.to_owned())
    }
}
