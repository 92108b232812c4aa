//! What an error came of: for the log, on one line.

use std::{error::Error, fmt};

/// An error and its causes: `the database failed: disk I/O error`. A cause that the text before
/// it ends with already is not said twice.
///
/// ```
/// use waxseal::causes::Causes;
///
/// let error = "x".parse::<u8>().map_err(std::io::Error::other).unwrap_err();
/// assert_eq!(Causes(&error).to_string(), "invalid digit found in string");
/// ```
pub struct Causes<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut said = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let text = error.to_string();
            if !said.ends_with(&text) {
                said = format!("{said}: {text}");
            }
            cause = error.source();
        }
        f.write_str(&said.replace(['\n', '\r'], " "))
    }
}
