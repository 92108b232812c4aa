//! The folder that development writes mails to, as `/dev/mails` shows it.

use std::{
    fs,
    io::{self, ErrorKind},
    path::PathBuf,
};

use mail_parser::{Address, Message, MessageParser};
use uuid::Uuid;
use waxseal_session::Timestamp;

/// The folder that mails are written to.
#[derive(Debug, Clone)]
pub struct MailFolder(pub PathBuf);

/// A mail in the folder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenMail {
    /// Its id, also of its file.
    pub id: Uuid,
    /// The recipient.
    pub to: String,
    /// What it is about.
    pub subject: String,
    /// When it was written.
    pub at: Timestamp,
    /// The plain text.
    pub text: String,
    /// The same in HTML.
    pub html: String,
}

impl MailFolder {
    /// The newest mails, newest first.
    ///
    /// # Errors
    ///
    /// If the folder can't be read.
    pub fn newest(&self, limit: usize) -> io::Result<Vec<WrittenMail>> {
        let mut ids: Vec<Uuid> = Vec::new();
        for file in fs::read_dir(&self.0)? {
            let name = file?.file_name();
            // Others' files may be there too.
            ids.extend(
                name.to_str().and_then(|name| name.strip_suffix(".eml")?.parse::<Uuid>().ok()),
            );
        }
        // They begin with the time.
        ids.sort_unstable_by(|one, other| other.cmp(one));
        let mails = ids.into_iter().take(limit).map(|id| self.read(id));
        mails.filter_map(io::Result::transpose).collect()
    }

    /// A mail; `None` if it is not there, or none.
    ///
    /// # Errors
    ///
    /// If it can't be read.
    pub fn read(&self, id: Uuid) -> io::Result<Option<WrittenMail>> {
        match fs::read(self.0.join(format!("{id}.eml"))) {
            Ok(raw) => {
                Ok(MessageParser::default().parse(&raw).map(|message| written(id, &message)))
            }
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }
}

fn written(id: Uuid, message: &Message<'_>) -> WrittenMail {
    let to = message.to().and_then(Address::first).and_then(|to| to.address());
    let body = |text: Option<std::borrow::Cow<'_, str>>| text.unwrap_or_default().into_owned();
    WrittenMail {
        id,
        to: to.unwrap_or_default().to_owned(),
        subject: message.subject().unwrap_or_default().to_owned(),
        at: Timestamp::from_unix(message.date().map_or(0, |date| date.to_timestamp())),
        text: body(message.body_text(0)),
        html: body(message.body_html(0)),
    }
}
