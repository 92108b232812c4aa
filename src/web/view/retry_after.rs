//! Too many attempts: when to try again, in words and in the header `Retry-After`.

use std::time::Duration;

use actix_web::{HttpResponse, http::header::RETRY_AFTER};

use crate::text::count;

/// `Too many attempts. Try again in 30 seconds.`
pub(crate) fn too_many_attempts(wait: Duration) -> String {
    format!("Too many attempts. Try again in {}.", in_words(wait))
}

/// In seconds (RFC 9110, section 10.2.3).
pub(crate) fn set_header(response: &mut HttpResponse, wait: Duration) {
    response.headers_mut().insert(RETRY_AFTER, whole_seconds(wait).into());
}

/// `30 seconds`, `2 minutes`, `3 hours`: rounded up.
fn in_words(wait: Duration) -> String {
    match whole_seconds(wait) {
        seconds @ 0..=90 => count(seconds, "second"),
        seconds @ 91..=5400 => count(seconds.div_ceil(60), "minute"),
        seconds => count(seconds.div_ceil(3600), "hour"),
    }
}

fn whole_seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_rounded_up() {
        let words = |seconds| in_words(Duration::from_secs(seconds));
        assert_eq!([1, 30, 60].map(words), ["1 second", "30 seconds", "60 seconds"]);
        assert_eq!([120, 121, 3600].map(words), ["2 minutes", "3 minutes", "60 minutes"]);
        assert_eq!(words(7201), "3 hours");
        assert_eq!(in_words(Duration::from_millis(1500)), "2 seconds");
    }
}
