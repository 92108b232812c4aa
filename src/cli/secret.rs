//! `waxseal secret`: prints a new secret.

use waxseal_session::Secret;

use super::output::{Failure, Output};

pub(super) fn run() -> Result<(), Failure> {
    Output::new().line(Secret::generate().expose())
}
