//! A mail as its reader gets it: text and HTML with the same words.

use askama::Template;

use super::site::Site;

/// What a mail says. Of what the sender of a request typed, it repeats only addresses and browsers.
#[derive(Debug, Default)]
pub(super) struct Letter {
    pub(super) subject: &'static str,
    pub(super) paragraphs: Vec<String>,
    /// The link.
    pub(super) button: Option<Button>,
    /// What happened: labels and values.
    pub(super) details: Vec<(&'static str, String)>,
    pub(super) closing: Vec<String>,
}

/// A link with its words.
#[derive(Debug)]
pub(super) struct Button {
    pub(super) label: &'static str,
    pub(super) url: String,
}

#[derive(Template)]
#[template(path = "mail/letter.txt", escape = "none")]
struct Text<'a> {
    letter: &'a Letter,
    site: &'a Site,
}

#[derive(Template)]
#[template(path = "mail/letter.html")]
struct Html<'a> {
    letter: &'a Letter,
    site: &'a Site,
}

impl Letter {
    /// The plain text.
    pub(super) fn text(&self, site: &Site) -> Result<String, askama::Error> {
        Text { letter: self, site }.render()
    }

    /// The same in HTML.
    pub(super) fn html(&self, site: &Site) -> Result<String, askama::Error> {
        Html { letter: self, site }.render()
    }
}
