//! Settings that are secret can come from a file: `NAME_FILE`, or systemd's
//! `$CREDENTIALS_DIRECTORY/NAME`.
//!
//! A secret setting has two fields, the value and the file. Both are flags, variables and lines of
//! `.env` like any other setting.

use std::{
    env,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

use zeroize::Zeroizing;

use super::{
    invalid_setting::{InvalidSetting, SettingWarning},
    value::given,
};
use crate::db::privacy_warning;

/// Where systemd puts the credentials of a service (`LoadCredential=` in its unit).
const CREDENTIALS_DIRECTORY: &str = "CREDENTIALS_DIRECTORY";

/// The most that is read of a file: many times the longest secret.
const MAX_BYTES: usize = 64 * 1024;

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
        let text =
            read(&path, *may_be_empty).map_err(|problem| match may_be_the_secret(&path) {
                true => {
                    InvalidSetting::new(setting, format!("must be the path of a file: {problem}"))
                }
                false => InvalidSetting::new(setting, format!("{}: {problem}", path.display())),
            })?;
        Ok(Some(text))
    }

    /// Warns of a file that other users can read.
    pub(super) fn warning(&self) -> Option<SettingWarning> {
        let (setting, path) = self.path()?;
        Some(SettingWarning::new(setting, privacy_warning(&path)?))
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

/// Whether the secret itself may stand where its file belongs: there is no such file. With an absolute path
/// whose folder exists, only the file is missing; but a secret can begin with a slash, too.
fn may_be_the_secret(path: &Path) -> bool {
    let folder = path.parent().filter(|folder| path.is_absolute() && folder.parent().is_some());
    path.symlink_metadata().is_err() && !folder.is_some_and(Path::is_dir)
}

fn read(path: &Path, may_be_empty: bool) -> Result<Zeroizing<String>, String> {
    // A buffer that never grows: growing would leave an unwiped copy in memory.
    let mut bytes = Zeroizing::new(Vec::with_capacity(MAX_BYTES + 1));
    let file = File::open(path).map_err(|error| error.to_string())?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("it has more than {MAX_BYTES} bytes, so it is not a secret"));
    }
    let text = str::from_utf8(&bytes).map_err(|_| "it must be UTF-8")?;
    match text.trim().is_empty() && !may_be_empty {
        true => Err("it is empty".to_owned()),
        false => Ok(Zeroizing::new(text.to_owned())),
    }
}
