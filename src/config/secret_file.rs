//! Settings that are secret can come from a file: `NAME_FILE`, or systemd's
//! `$CREDENTIALS_DIRECTORY/NAME`.
//!
//! A secret setting has two fields, the value and the file. Both are flags, variables and lines of
//! `.env` like any other setting.

use std::{env, fs::File, io::Read, path::PathBuf};

use zeroize::Zeroizing;

use super::{
    invalid_setting::{InvalidSetting, SettingWarning},
    value::given,
};

/// Where systemd puts the credentials of a service (`LoadCredential=` in its unit).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The most that is read of a file: many times the longest secret.
const MAX_BYTES: u64 = 64 * 1024;

/// A secret setting as it was given.
pub(super) struct SecretSetting<'a> {
    /// `SESSION_SECRET`. The setting of the file is `SESSION_SECRET_FILE`.
    pub(super) name: &'static str,
    pub(super) value: &'a Option<String>,
    pub(super) file: &'a Option<String>,
    /// Whether an empty file means the same as none.
    pub(super) may_be_empty: bool,
}

impl SecretSetting<'_> {
    /// The value, from wherever it was given; white space around it is kept. `None` if it wasn't
    /// given.
    ///
    /// # Errors
    ///
    /// If the value and the file are both given, or the file can't be used.
    pub(super) fn read(&self) -> Result<Option<Zeroizing<String>>, InvalidSetting> {
        let Self { name, value, file, may_be_empty } = self;
        if given(value).is_some() && given(file).is_some() {
            let problem = format!("{name}_FILE is set too; only one of them can be");
            return Err(InvalidSetting::new(*name, problem));
        }
        if let (Some(_), Some(value)) = (given(value), value) {
            return Ok(Some(Zeroizing::new(value.clone())));
        }
        let Some((setting, path)) = self.path() else { return Ok(None) };
        let text = read(&path, *may_be_empty).map_err(|problem| {
            InvalidSetting::new(setting, format!("{}: {problem}", path.display()))
        })?;
        Ok(Some(text))
    }

    /// Warns of a file that other users can read.
    pub(super) fn warning(&self) -> Option<SettingWarning> {
        let (setting, path) = self.path()?;
        let mode = mode_for_others(&path)?;
        let path = path.display();
        let problem = format!("other users can read {path} (mode {mode:o}): chmod 600 mends it");
        Some(SettingWarning::new(setting, problem))
    }

    /// The file that holds the value, if one does, and the setting to name with it.
    fn path(&self) -> Option<(String, PathBuf)> {
        let Self { name, value, file, .. } = self;
        if let Some(file) = given(file) {
            return Some((format!("{name}_FILE"), file.into()));
        }
        if given(value).is_some() {
            return None;
        }
        let directory = env::var_os(CREDENTIALS_DIRECTORY).filter(|path| !path.is_empty())?;
        let path = PathBuf::from(directory).join(name);
        // One that can't be looked at is there: reading it says why.
        let is_missing = matches!(path.try_exists(), Ok(false));
        (!is_missing).then(|| (CREDENTIALS_DIRECTORY.to_owned(), path))
    }
}

fn read(path: &PathBuf, may_be_empty: bool) -> Result<Zeroizing<String>, String> {
    // A buffer that never grows: growing would leave an unwiped copy in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(64 * 1024 + 1));
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("it has more than {MAX_BYTES} bytes, so it is not a secret"));
    }
    let text = str::from_utf8(&bytes).map_err(|_| "it must be UTF-8")?;
    match text.trim().is_empty() && !may_be_empty {
        true => Err("it is empty".to_owned()),
        false => Ok(Zeroizing::new(text.to_owned())),
    }
}

/// The mode of a file that users other than its owner and group can read.
#[cfg(unix)]
fn mode_for_others(path: &std::path::Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt;

    let path = path.canonicalize().ok()?;
    let file = path.metadata().ok().filter(std::fs::Metadata::is_file)?;
    let folder = path.parent()?.metadata().ok()?;
    let mode = file.permissions().mode() & 0o777;
    // Others can't reach a file in a folder that they can't enter.
    (mode & 0o004 != 0 && folder.permissions().mode() & 0o001 != 0).then_some(mode)
}

#[cfg(not(unix))]
fn mode_for_others(_: &std::path::Path) -> Option<u32> {
    None
}
