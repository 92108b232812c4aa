//! Times of the last visit, which actix-identity writes on every request if it has a visit deadline.

use crate::{state::State, state_changes::StateChanges};

/// Where actix-identity keeps the time of the last visit, in Unix seconds.
const LAST_VISITED_AT: &str = "actix_identity.last_visited_at";

/// How much older than the present visit the time that is kept may be, in seconds. To keep every one would
/// re-seal and save the session on each request; so someone may be logged out that much before the
/// deadline.
const KEPT_EVERY: i64 = 30;

/// Whether the states differ only in the time of a visit shortly after the one that is kept.
pub(crate) fn is_recent(kept: &State, new: &State) -> bool {
    let visit = |state: &State| state.get::<i64>(LAST_VISITED_AT);
    // Two look-ups that most states answer with a search for the key's text.
    if !(kept.to_json().contains(LAST_VISITED_AT) && new.to_json().contains(LAST_VISITED_AT)) {
        return false;
    }
    let (Some(before), Some(now)) = (visit(kept), visit(new)) else { return false };
    (0..KEPT_EVERY).contains(&(now - before))
        && StateChanges::between(kept, new).keys().all(|key| key == LAST_VISITED_AT)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_visit_shortly_after_the_one_that_is_kept_is_passed_over() {
        let state = |at: i64, theme: &str| {
            let json = format!(r#"{{"{LAST_VISITED_AT}":{at},"theme":"{theme}"}}"#);
            State::from_json(&json).unwrap()
        };
        let kept = state(1000, "dark");
        assert!(is_recent(&kept, &state(1029, "dark")));
        assert!(!is_recent(&kept, &state(1030, "dark")));
        assert!(!is_recent(&kept, &state(999, "dark")));
        assert!(!is_recent(&kept, &state(1001, "light")));
        assert!(!is_recent(&State::default(), &kept));
    }
}
