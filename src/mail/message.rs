//! A letter as a message: headers, text and HTML.

use std::time::{Duration, UNIX_EPOCH};

use lettre::{
    Address, Message,
    message::{
        Mailbox, MultiPart,
        header::{Header, HeaderName, HeaderValue},
    },
};
use waxseal_session::Timestamp;

use super::{letter::Letter, render_error::RenderError, site::Site};
use crate::domain::Email;

/// Makes the message of a letter. The same id gives the same Message-ID, so that a duplicate can be recognised.
pub(super) fn message(
    letter: &Letter,
    site: &Site,
    (id, to, now): (&str, &Email, Timestamp),
) -> Result<Message, RenderError> {
    let (local, domain) = to.for_smtp().ok_or(RenderError::Address)?;
    let to = Address::new(local, domain).map_err(|_| RenderError::Address)?;
    let body = MultiPart::alternative_plain_html(letter.text(site)?, letter.html(site)?);
    let message = Message::builder()
        .from(site.from.clone())
        .to(Mailbox::new(None, to))
        .subject(letter.subject)
        .date(UNIX_EPOCH + Duration::from_secs(now.as_unix().unsigned_abs()))
        .message_id(Some(format!("<{id}@{}>", site.host())))
        .header(AutoSubmitted)
        .header(SuppressAutoResponse)
        .multipart(body)?;
    Ok(message)
}

/// `Auto-Submitted: auto-generated`, so that no out-of-office note answers (RFC 3834, section 5).
#[derive(Clone)]
struct AutoSubmitted;

/// The same for Microsoft Exchange.
#[derive(Clone)]
struct SuppressAutoResponse;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

impl Header for SuppressAutoResponse {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("X-Auto-Response-Suppress")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "All".to_owned())
    }
}
