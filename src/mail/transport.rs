//! Where mail goes: a mail server, or a folder.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{self, Write},
    path::{self, Path, PathBuf},
};

use lettre::{Message, transport::smtp};

use super::{send_error::SendError, smtp::SmtpServer, smtp_url::SmtpUrl};

/// Where mail goes, as the settings have it.
#[derive(Debug, Clone)]
pub enum MailTransport {
    /// To a mail server.
    Smtp(SmtpUrl),
    /// Into files of a folder.
    Directory(PathBuf),
}

impl fmt::Display for MailTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Smtp(url) => write!(f, "mails go to {}", url.server()),
            Self::Directory(folder) => {
                let path = path::absolute(folder);
                write!(f, "mails are written to {}", path.as_ref().unwrap_or(folder).display())
            }
        }
    }
}

/// An open [`MailTransport`].
#[derive(Clone)]
pub enum Transport {
    /// To a mail server.
    Smtp(SmtpServer),
    /// Into files of a folder.
    Directory(PathBuf),
}

impl Transport {
    /// Opens it. A mail server is not contacted yet.
    ///
    /// # Errors
    ///
    /// If the system's certificates can't be read, or the folder can't be created.
    pub fn open(transport: &MailTransport) -> Result<Self, TransportError> {
        match transport {
            MailTransport::Smtp(url) => {
                SmtpServer::new(url).map(Self::Smtp).map_err(TransportError::Smtp)
            }
            MailTransport::Directory(folder) => {
                create(folder).map_err(|cause| TransportError::Directory(folder.clone(), cause))?;
                Ok(Self::Directory(folder.clone()))
            }
        }
    }

    /// Sends a mail; `id` names its file. Once more with the same id writes the same file.
    pub(super) async fn send(&self, id: &str, message: &Message) -> Result<(), SendError> {
        match self {
            Self::Smtp(server) => server.send(message).await,
            Self::Directory(folder) => {
                let file = folder.join(format!("{id}.eml"));
                write(&file, &message.formatted())
                    .map_err(|error| SendError::Temporary(format!("MAIL_DIR: {error}")))
            }
        }
    }

    /// Closes what no mail is using.
    pub(super) async fn rest(&self) {
        if let Self::Smtp(server) = self {
            server.rest().await;
        }
    }
}

/// A folder that only its owner can read: mails hold links.
fn create(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Writes a file that is whole as soon as it has its name.
fn write(file: &Path, content: &[u8]) -> io::Result<()> {
    let part = file.with_extension("part");
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut open = options.open(&part)?;
    open.write_all(content)?;
    open.sync_all()?;
    fs::rename(&part, file)
}

/// Why mail can't be sent at all.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The TLS library can't be set up.
    #[error("SMTP_URL: the mail server can't be used")]
    Smtp(#[source] smtp::Error),
    /// The folder can't be created.
    #[error("MAIL_DIR: {0} can't be created")]
    Directory(PathBuf, #[source] io::Error),
}
