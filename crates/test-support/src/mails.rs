//! The mails that an [`App`](crate::App) has written to its folder.

use std::{fs, path::Path, time::Duration};

use mail_parser::MessageParser;

/// A mail, as its reader sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceivedMail {
    pub to: String,
    pub subject: String,
    pub text: String,
    pub html: String,
    /// The whole file.
    pub raw: String,
}

impl ReceivedMail {
    fn read(raw: String) -> Self {
        let message = MessageParser::default().parse(raw.as_bytes()).expect("a mail");
        let to = message.to().and_then(|to| to.first()?.address().map(str::to_owned));
        Self {
            to: to.expect("a recipient"),
            subject: message.subject().expect("a subject").to_owned(),
            text: message.body_text(0).expect("text").into_owned(),
            html: message.body_html(0).expect("HTML").into_owned(),
            raw: raw.clone(),
        }
    }

    /// The link in it, without the site's origin.
    pub fn link(&self) -> String {
        let link = self.text.lines().find(|line| line.contains("?t=")).expect("a link");
        let (_, path) = link.split_once("://").expect("a URL");
        path[path.find('/').expect("a path")..].to_owned()
    }

    /// The token in the link.
    pub fn token(&self) -> String {
        self.link().split_once("?t=").expect("a token").1.to_owned()
    }
}

/// The mails in a folder to this address, oldest first.
pub fn mails_to(folder: &Path, address: &str) -> Vec<ReceivedMail> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        files.filter(|file| file.extension().is_some_and(|extension| extension == "eml")).collect();
    // Their names are ids in the order in which they were queued.
    files.sort();
    let mails = files.iter().map(|file| ReceivedMail::read(fs::read_to_string(file).unwrap()));
    mails.filter(|mail| mail.to == address).collect()
}

/// Waits for that many mails to this address. Panics after ten seconds, and if there are more.
pub async fn wait_for_mails(folder: &Path, address: &str, number: usize) -> Vec<ReceivedMail> {
    for _ in 0..2000 {
        let mails = mails_to(folder, address);
        if mails.len() >= number {
            assert_eq!(mails.len(), number, "{mails:#?}");
            return mails;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    panic!("{} mails to {address}, not {number}", mails_to(folder, address).len());
}

/// Waits for a mail with this subject to this address, and returns the newest. Panics after ten seconds.
pub async fn newest_mail(folder: &Path, address: &str, subject: &str) -> ReceivedMail {
    for _ in 0..2000 {
        let mails = mails_to(folder, address);
        if let Some(mail) = mails.into_iter().rfind(|mail| mail.subject == subject) {
            return mail;
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let mails = mails_to(folder, address);
    panic!("no mail {subject:?} to {address}: {mails:#?}");
}
