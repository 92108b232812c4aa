//! Form errors: each is shown beside its field, and all in a summary at the top.

use std::time::Duration;

use super::retry_after;

/// What has to be changed before a form is accepted.
#[derive(Debug, Default)]
pub(crate) struct FormErrors {
    errors: Vec<FormError>,
    wait: Option<Duration>,
}

#[derive(Debug)]
pub(crate) struct FormError {
    /// The field's name, which is also its id on the page; empty for the form as a whole.
    pub(crate) field: &'static str,
    pub(crate) text: String,
}

impl FormError {
    /// For the summary; the whole text is beside the field.
    pub(crate) fn first_sentence(&self) -> &str {
        self.text.split_inclusive(". ").next().unwrap_or_default().trim_end()
    }
}

impl FormErrors {
    pub(crate) fn add(&mut self, field: &'static str, text: impl ToString) {
        self.errors.push(FormError { field, text: text.to_string() });
    }

    /// Too many attempts, where there is a wait: the only error then, so call it before
    /// [`check`](Self::check).
    pub(crate) fn throttle(&mut self, field: &'static str, wait: Option<Duration>) {
        if let Some(wait) = wait {
            self.add(field, retry_after::too_many_attempts(wait));
            self.wait = Some(wait);
        }
    }

    /// The parsed value of a field, or an error beside it. Nothing is checked after too many
    /// attempts.
    pub(crate) fn check<T>(
        &mut self,
        field: &'static str,
        parsed: Result<T, impl ToString>,
    ) -> Option<T> {
        if self.wait.is_some() {
            return None;
        }
        parsed.map_err(|error| self.add(field, error)).ok()
    }

    /// The error of a field.
    pub(crate) fn of(&self, field: &str) -> Option<&str> {
        self.iter().find(|error| error.field == field).map(|error| error.text.as_str())
    }

    /// How long to wait after too many attempts.
    pub(crate) fn wait(&self) -> Option<Duration> {
        self.wait
    }

    pub(crate) fn any(&self) -> bool {
        !self.errors.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &FormError> {
        self.errors.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn after_too_many_attempts_nothing_else_is_checked() {
        let mut errors = FormErrors::default();
        assert_eq!(errors.check("email", Ok::<_, String>(1)), Some(1));
        assert_eq!(errors.check("email", Err::<(), _>("Enter an address. Like this.")), None);
        assert_eq!(errors.of("email"), Some("Enter an address. Like this."));
        assert_eq!(errors.iter().next().unwrap().first_sentence(), "Enter an address.");

        let mut errors = FormErrors::default();
        errors.throttle("", None);
        assert!(!errors.any());
        errors.throttle("", Some(Duration::from_secs(30)));
        assert_eq!(errors.check("email", Ok::<_, String>(1)), None);
        assert_eq!(errors.check("email", Err::<(), _>("Enter an address.")), None);
        assert_eq!((errors.iter().count(), errors.wait()), (1, Some(Duration::from_secs(30))));
    }
}
