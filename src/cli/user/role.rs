//! The argument that is a role.

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::accounts::Role;

/// Reads a role's name; `--help` lists them all.
pub(super) fn parser() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str)).try_map(|name| name.parse::<Role>())
}
