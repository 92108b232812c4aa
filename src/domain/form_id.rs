//! The ids of forms.

use std::{fmt, str::FromStr};

use uuid::Uuid;

/// The id of a form, in a hidden field: random for each page, so that a form that is sent twice can be told
/// from two forms. It is no secret and proves nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FormId(Uuid);

impl FormId {
    /// A new id.
    pub fn random() -> Self {
        Self(Uuid::new_v4())
    }
}

impl fmt::Display for FormId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for FormId {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Self)
    }
}
