//! The error of a setting that can't be used, and the warning of one that is unwise.

use std::{borrow::Cow, fmt};

/// A setting that can't be used: its name, what is wrong, what is allowed. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{setting}: {problem}")]
pub struct InvalidSetting {
    /// `SESSION_SECRET`.
    pub setting: Cow<'static, str>,
    /// The rest of the sentence.
    pub problem: String,
}

impl InvalidSetting {
    pub(super) fn new(setting: impl Into<Cow<'static, str>>, problem: impl fmt::Display) -> Self {
        Self { setting: setting.into(), problem: problem.to_string() }
    }
}

/// A setting that is allowed but unwise, or looks like a slip. Never a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingWarning {
    /// `SESSION_SECRET`.
    pub setting: Cow<'static, str>,
    /// The rest of the sentence: what is wrong, and what fixes it.
    pub problem: String,
}

impl SettingWarning {
    pub(crate) fn new(setting: impl Into<Cow<'static, str>>, problem: impl fmt::Display) -> Self {
        Self { setting: setting.into(), problem: problem.to_string() }
    }
}

impl fmt::Display for SettingWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.setting, self.problem)
    }
}
