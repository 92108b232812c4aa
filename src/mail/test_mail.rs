//! A mail that shows whether mail can be sent.

use uuid::Uuid;
use waxseal_session::Clock;

use super::{
    letter::Letter,
    message::message,
    render_error::RenderError,
    send_error::SendError,
    site::Site,
    transport::{MailTransport, Transport, TransportError},
};
use crate::domain::Email;

/// Sends a test mail at once, past the outbox.
///
/// # Errors
///
/// If it can't be sent. The text names the setting to mend, if it is one.
pub async fn send_test_mail(
    transport: &MailTransport,
    site: &Site,
    to: &Email,
    clock: &Clock,
) -> Result<(), TestMailError> {
    let letter = Letter {
        subject: "A test mail",
        paragraphs: vec![format!("{} can send mail to this address.", site.name)],
        ..Letter::default()
    };
    let id = Uuid::now_v7().to_string();
    let message = message(&letter, site, (&id, to, clock.now())).map_err(TestMailError::Message)?;
    let transport = Transport::open(transport)?;
    transport.send(&id, &message).await?;
    transport.rest().await;
    Ok(())
}

/// Why a test mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum TestMailError {
    /// Mail can't be sent at all.
    #[error(transparent)]
    Transport(#[from] TransportError),
    /// It can't be written.
    #[error(transparent)]
    Message(RenderError),
    /// It was not taken.
    #[error(transparent)]
    Send(#[from] SendError),
}
