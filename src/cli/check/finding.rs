//! What a check found.

use std::borrow::Cow;

use serde::Serialize;

use crate::config::{InvalidSetting, SettingWarning};

/// One line of the report.
#[derive(Serialize)]
pub(super) struct Finding {
    pub(super) level: Level,
    /// The setting that fixes it, or what was looked at: `clock`.
    pub(super) subject: Cow<'static, str>,
    pub(super) message: String,
}

#[derive(Serialize, Clone, Copy, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(super) enum Level {
    Ok,
    /// The server would start, and something would not work as it should.
    Warning,
    /// The server would not start.
    Error,
}

impl Finding {
    pub(super) fn ok(subject: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { level: Level::Ok, subject: subject.into(), message: message.into() }
    }

    pub(super) fn warning(
        subject: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self { level: Level::Warning, subject: subject.into(), message: message.into() }
    }

    pub(super) fn error(subject: impl Into<Cow<'static, str>>, message: impl Into<String>) -> Self {
        Self { level: Level::Error, subject: subject.into(), message: message.into() }
    }
}

impl Level {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

impl From<InvalidSetting> for Finding {
    fn from(error: InvalidSetting) -> Self {
        Self::error(error.setting, error.problem)
    }
}

impl From<SettingWarning> for Finding {
    fn from(warning: SettingWarning) -> Self {
        Self::warning(warning.setting, warning.problem)
    }
}
