//! "Too many, come back then": 429, on the page that was asked for.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header::RETRY_AFTER},
};
use askama::Template;

use super::{error::Fault, page};

/// A page that says how long to wait.
fn render(page: &impl Template, wait: Duration) -> Result<HttpResponse, Fault> {
    let mut response = page::render(StatusCode::TOO_MANY_REQUESTS, page)?;
    response.headers_mut().insert(RETRY_AFTER, seconds(wait).into());
    Ok(response)
}

/// A page with what is wrong on it: 422, or 429 where there is a wait.
pub(super) fn refuse(page: &impl Template, wait: Option<Duration>) -> Result<HttpResponse, Fault> {
    match wait {
        Some(wait) => render(page, wait),
        None => page::render(StatusCode::UNPROCESSABLE_ENTITY, page),
    }
}

/// What stands on the page.
pub(super) fn too_many(wait: Duration) -> String {
    format!("Too many attempts. Try again in {}.", in_words(wait))
}

/// How long, in words: `30 seconds`, `2 minutes`, `1 hour`. Never less than it is.
fn in_words(wait: Duration) -> String {
    let (number, unit) = match seconds(wait) {
        seconds @ 0..=90 => (seconds, "second"),
        seconds @ 91..=5400 => (seconds.div_ceil(60), "minute"),
        seconds => (seconds.div_ceil(3600), "hour"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_told_in_words_and_never_too_short() {
        let words = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!([1, 30, 60].map(words), ["1 second", "30 seconds", "60 seconds"]);
        assert_eq!([120, 121, 3600].map(words), ["2 minutes", "3 minutes", "60 minutes"]);
        assert_eq!(words(7201), "3 hours");
        assert_eq!(in_words(Duration::from_millis(1500)), "2 seconds");
    }
}
