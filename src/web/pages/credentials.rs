//! The form of log-in and sign-up: an email address, a password, and where to go next.

use serde::Deserialize;

use crate::{
    accounts::{Email, Password},
    web::{extractors::form::SecretString, view::form_errors::FormErrors},
};

#[derive(Deserialize, Default)]
#[serde(default)]
pub(crate) struct Credentials {
    pub(super) email: String,
    password: SecretString,
    pub(super) next: String,
}

impl Credentials {
    /// Both fields, parsed. What is wrong with one goes beside it.
    pub(super) fn parse(&self, errors: &mut FormErrors) -> Option<(Email, Password)> {
        let email = errors.check("email", self.email.parse());
        let password = errors.check("password", Password::parse(&self.password));
        email.zip(password)
    }
}
