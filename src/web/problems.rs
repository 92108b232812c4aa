//! What is wrong with what somebody sent: told beside the field, and summed up at the top.

/// What is wrong with a form: at which field, and what, in words for the person.
#[derive(Debug, Default)]
pub(super) struct Problems(Vec<Problem>);

#[derive(Debug)]
pub(super) struct Problem {
    /// The field's name, which is its id on the page, too; empty where it is none in particular.
    pub(super) field: &'static str,
    pub(super) text: String,
}

impl Problem {
    /// The gist of it, for the summary: beside the field stands the rest.
    pub(super) fn gist(&self) -> &str {
        self.text.split_inclusive(". ").next().unwrap_or_default().trim_end()
    }
}

impl Problems {
    pub(super) fn add(&mut self, field: &'static str, text: impl ToString) {
        self.0.push(Problem { field, text: text.to_string() });
    }

    /// The same, if something is wrong.
    pub(super) fn extend(&mut self, field: &'static str, problem: Option<impl ToString>) {
        if let Some(text) = problem {
            self.add(field, text);
        }
    }

    /// What is wrong with what stands in a field.
    pub(super) fn of(&self, field: &str) -> Option<&str> {
        self.iter().find(|problem| problem.field == field).map(|problem| problem.text.as_str())
    }

    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }
}
