//! Why a command changed nothing.

use crate::{accounts::Email, cli::output::Failure};

pub(super) fn no_such_user(email: &Email) -> Failure {
    format!("there is no user {email}").into()
}

pub(super) fn last_admin(email: &Email) -> Failure {
    let refusal = "is the last administrator: make someone else an administrator first";
    format!("{email} {refusal}").into()
}

pub(super) fn email_taken(email: &Email) -> Failure {
    format!("{email} already has an account").into()
}
