//! The file `.env`, and the names in it and in the environment that look like settings and are none.

use std::{env, io, path::Path};

use crate::config::{NameSource, SettingWarning, slips};

/// Loads the file into the environment, unless there is none. Returns the slips in both.
pub(super) fn load(path: &Path) -> Result<Vec<SettingWarning>, String> {
    let variables: Vec<String> =
        env::vars_os().filter_map(|(name, _)| name.into_string().ok()).collect();
    let names = names_in(path).map_err(|error| problem(&error))?;
    if !names.is_empty() {
        dotenvy::from_path(path).map_err(|error| problem(&error))?;
    }
    let in_environment = slips(variables.iter().map(String::as_str), NameSource::Environment);
    let in_file = slips(names.iter().map(String::as_str), NameSource::EnvFile);
    Ok([in_environment, in_file].concat())
}

fn names_in(path: &Path) -> Result<Vec<String>, dotenvy::Error> {
    match dotenvy::from_path_iter(path) {
        Ok(lines) => lines.map(|line| line.map(|(name, _)| name)).collect(),
        Err(dotenvy::Error::Io(error)) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    }
}

fn problem(error: &dotenvy::Error) -> String {
    match error {
        // The line is not repeated: it may hold a secret.
        dotenvy::Error::LineParse(_, position) => {
            format!(".env: a line can't be read, at character {position} of it")
        }
        error => format!(".env: {error}"),
    }
}
