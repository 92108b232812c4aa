//! The form that asks for a link by email.

use askama::Template;

use super::form_errors::FormErrors;

#[derive(Template)]
#[template(path = "request_link.html")]
pub(crate) struct LinkRequest<'a> {
    pub(crate) title: &'static str,
    /// Which link.
    pub(crate) hint: &'static str,
    /// Where the form goes.
    pub(crate) action: &'static str,
    pub(crate) email: &'a str,
    pub(crate) errors: FormErrors,
}
