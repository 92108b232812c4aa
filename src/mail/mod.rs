//! Mail: sends what is in the outbox.
//!
//! The [`Mailer`] claims a mail, renders it, seals its link, hands it to the [`MailTransport`], and deletes it.
//! What can't be sent is tried again with growing waits.

mod content;
mod folder;
mod in_flight;
mod letter;
mod mailer;
mod message;
mod render_error;
mod send_error;
mod site;
mod smtp;
mod smtp_url;
mod test_mail;
mod transport;

pub use self::{
    folder::{MailFolder, WrittenMail},
    in_flight::InFlight,
    mailer::Mailer,
    render_error::RenderError,
    send_error::SendError,
    site::Site,
    smtp::SmtpServer,
    smtp_url::{InvalidSmtpUrl, SmtpUrl},
    test_mail::{TestMailError, send_test_mail},
    transport::{MailTransport, Transport, TransportError},
};
