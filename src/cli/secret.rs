//! `waxseal secret`: prints a new secret.

use super::output::{Failure, Output};
use crate::seal::Secret;

pub(super) fn run() -> Result<(), Failure> {
    Output::new().line(Secret::generate().expose())
}
