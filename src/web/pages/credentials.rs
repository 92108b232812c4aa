//! The form of log-in and sign-up: an email address, a password, and where to go next.

use serde::Deserialize;

use crate::{
    accounts::{Email, FormId, LoginContext, Password},
    web::{
        extractors::form::SecretString,
        view::{form_errors::FormErrors, redirect::NextQuery},
    },
};

/// Shown after the right password of a disabled account only.
pub(super) const DISABLED: &str = "This account is disabled. Ask an administrator of this site.";

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Credentials {
    pub(super) email: String,
    password: SecretString,
    next: String,
    /// The token of an invitation.
    pub(super) t: String,
    /// The form's id, by which a form that is sent twice is told from two.
    form: String,
}

impl Credentials {
    /// Both fields, parsed. What is wrong with one goes beside it.
    pub(super) fn parse(&self, errors: &mut FormErrors) -> Option<(Email, Password)> {
        let email = errors.check("email", self.email.parse());
        let password = errors.check("password", Password::parse(&self.password));
        email.zip(password)
    }

    /// The password alone, where the address is known.
    pub(super) fn parse_password(&self, errors: &mut FormErrors) -> Option<Password> {
        errors.check("password", Password::parse(&self.password))
    }

    /// Where to go next: the form says it, or its address, which is all that is left of a form that is
    /// loaded again.
    pub(super) fn next<'a>(&'a self, query: &'a NextQuery) -> &'a str {
        if self.next.is_empty() { &query.next } else { &self.next }
    }

    pub(super) fn form_id(&self) -> Option<FormId> {
        self.form.parse().ok()
    }

    /// The context of this form.
    pub(super) fn context(&self, context: LoginContext) -> LoginContext {
        LoginContext { form: self.form_id(), ..context }
    }
}
