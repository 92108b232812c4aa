//! Reading the text of a setting.

use std::time::Duration;

use super::invalid_setting::InvalidSetting;

/// The text of a setting. An empty one counts as not given.
pub(super) fn given(setting: &Option<String>) -> Option<&str> {
    setting.as_deref().map(str::trim).filter(|text| !text.is_empty())
}

pub(super) fn duration(setting: &'static str, text: &str) -> Result<Duration, InvalidSetting> {
    humantime::parse_duration(text).map_err(|_| {
        let problem = format!("{text:?} must be a duration such as 7d, 90m or 4s");
        InvalidSetting::new(setting, problem)
    })
}
