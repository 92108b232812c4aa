//! The settings of the log.

use clap::Args;
use log::LevelFilter;

use super::{invalid_setting::InvalidSetting, value::given};

const DEFAULT: &str = "info";
const FORMAT: &str = "text";

/// What commands log beside a server's log: warnings, the audit lines of what they change, and that they
/// created a database.
const COMMANDS_FILTER: &str = "warn,waxseal::audit=info,waxseal::database=info";

/// The settings of the log.
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

    /// How it is logged: `text` or `json`
    ///
    /// json: one object a line, with the fields of each event.
    #[arg(
        long = "log-format",
        env = "LOG_FORMAT",
        value_name = "FORMAT",
        default_value = FORMAT,
        hide_env_values = true
    )]
    pub format: Option<String>,
}

/// The setting of what commands log beside a server.
#[derive(Args, Clone, Default)]
pub struct CommandLogArgs {
    /// How it is logged what a command changes: `text` or `json`
    #[arg(
        long = "log-format",
        env = "LOG_FORMAT",
        value_name = "FORMAT",
        default_value = FORMAT,
        hide_env_values = true,
        global = true
    )]
    pub format: Option<String>,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// A filter for env_logger.
    pub filter: String,
    /// How a line is written.
    pub format: LogFormat,
}

/// How a line of the log is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `[time level target] message`
    Text,
    /// One JSON object, with the fields of the event.
    Json,
}

impl LogArgs {
    /// # Errors
    ///
    /// When env_logger can't read the filter, or there is no such format.
    pub fn validate(&self) -> Result<LogConfig, InvalidSetting> {
        let filter = given(&self.filter).unwrap_or(DEFAULT);
        env_filter::Builder::new().try_parse(filter).map_err(|_| {
            let problem = format!(
                "{filter:?} must be a level such as info, or a list like warn,waxseal=debug"
            );
            InvalidSetting::new("RUST_LOG", problem)
        })?;
        if is_misspelled_level(filter) {
            let problem = format!(
                "{filter:?} is no level, so nothing would be logged: it must be off, error, warn, info, \
                 debug or trace, or a list like warn,waxseal=debug"
            );
            return Err(InvalidSetting::new("RUST_LOG", problem));
        }
        Ok(LogConfig { filter: filter.to_owned(), format: format(&self.format)? })
    }
}

/// Whether a filter is one word that is meant for a level. env_logger takes it for a target.
fn is_misspelled_level(filter: &str) -> bool {
    const MEANT: [&str; 8] =
        ["all", "critical", "fatal", "notice", "none", "verbose", "warning", "information"];
    let word = filter.to_ascii_lowercase();
    let levels = || LevelFilter::iter().map(|level| level.as_str().to_ascii_lowercase());
    let is_near = |level: String| level.len() > 3 && strsim::osa_distance(&word, &level) <= 1;
    !levels().any(|level| level == word)
        && (MEANT.contains(&word.as_str()) || levels().any(is_near))
}

impl CommandLogArgs {
    /// # Errors
    ///
    /// When there is no such format.
    pub fn validate(&self) -> Result<LogConfig, InvalidSetting> {
        Ok(LogConfig { filter: COMMANDS_FILTER.to_owned(), format: format(&self.format)? })
    }
}

fn format(setting: &Option<String>) -> Result<LogFormat, InvalidSetting> {
    match given(setting).unwrap_or(FORMAT) {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        other => Err(InvalidSetting::new("LOG_FORMAT", format!("{other:?} must be text or json"))),
    }
}
