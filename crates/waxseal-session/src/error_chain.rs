//! An error with its causes, for one line of the log.

use std::{error::Error, fmt};

/// Displays an error followed by its causes: `the database failed: disk I/O error`. A cause that
/// the text before it already ends with is not repeated.
///
/// ```
/// use waxseal_session::ErrorChain;
///
/// let error = "x".parse::<u8>().map_err(std::io::Error::other).unwrap_err();
/// assert_eq!(ErrorChain(&error).to_string(), "invalid digit found in string");
/// ```
pub struct ErrorChain<'a>(pub &'a (dyn Error + 'static));

impl fmt::Display for ErrorChain<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = self.0.to_string();
        let mut cause = self.0.source();
        while let Some(error) = cause {
            let more = error.to_string();
            if !text.ends_with(&more) {
                text = format!("{text}: {more}");
            }
            cause = error.source();
        }
        f.write_str(&text.replace(['\n', '\r'], " "))
    }
}
