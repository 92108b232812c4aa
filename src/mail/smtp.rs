//! Sends mails through a mail server.
//!
//! With connections of our own rather than lettre's pool. That one takes a connection back whose answer was not
//! waited for, and then each command gets the answer to the one before. Here it also shows at which command the
//! server refused: what it says to the recipient is about this mail, what it says before is about the settings.

use std::{
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures_util::future::join_all;
use lettre::{
    Message,
    transport::smtp::{
        self,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
    },
};
use tokio::time::timeout;
use waxseal_session::ErrorChain;

use super::{
    send_error::SendError,
    smtp_url::{SmtpUrl, Tls},
};

/// How long a mail may take: less than another node waits before it tries. Servers look for spam before they
/// answer, so all of it may be for one command.
const SEND_TIMEOUT: Duration = Duration::from_secs(45);

/// How long a new connection may take, with TLS and authentication.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// How long a connection may take to show that it is alive, or to say goodbye.
const IDLE_TIMEOUT: Duration = Duration::from_secs(2);

/// A mail server, and the connections to it that no mail is using.
#[derive(Clone)]
pub struct SmtpServer(Arc<Shared>);

struct Shared {
    url: SmtpUrl,
    tls: Option<TlsParameters>,
    idle: Mutex<Vec<AsyncSmtpConnection>>,
}

impl SmtpServer {
    pub(super) fn new(url: &SmtpUrl) -> Result<Self, smtp::Error> {
        let tls = match url.tls {
            Tls::Never => None,
            Tls::IfOffered | Tls::Required | Tls::FromTheStart => {
                Some(TlsParameters::new(url.host.clone())?)
            }
        };
        Ok(Self(Arc::new(Shared { url: url.clone(), tls, idle: Mutex::default() })))
    }

    pub(super) async fn send(&self, message: &Message) -> Result<(), SendError> {
        let outcome = timeout(SEND_TIMEOUT, self.send_now(message)).await;
        outcome.unwrap_or_else(|_| {
            let seconds = SEND_TIMEOUT.as_secs();
            Err(SendError::Temporary(format!(
                "SMTP_URL: the mail server took longer than {seconds} s"
            )))
        })
    }

    /// Closes the connections that no mail is using.
    pub(super) async fn rest(&self) {
        let idle = mem::take(&mut *self.idle());
        join_all(idle.into_iter().map(async |mut connection| {
            let _gone_already = timeout(IDLE_TIMEOUT, connection.quit()).await;
        }))
        .await;
    }

    async fn send_now(&self, message: &Message) -> Result<(), SendError> {
        let mut connection = match self.idle_connection().await {
            Some(connection) => connection,
            None => self.connect().await?,
        };
        self.converse(&mut connection, message).await?;
        // No answer is outstanding. Otherwise it is dropped, and so closed.
        self.idle().push(connection);
        Ok(())
    }

    async fn converse(
        &self,
        connection: &mut AsyncSmtpConnection,
        message: &Message,
    ) -> Result<(), SendError> {
        let envelope = message.envelope();
        // Whom the server takes mail from is a matter of the settings: all mails have the same sender.
        let sender = connection.command(Mail::new(envelope.from().cloned(), Vec::new())).await;
        sender.map_err(|error| match error.is_permanent() {
            true => self.fault("MAIL_FROM: the mail server refuses the sender", &error),
            // Full, or busy: nothing is wrong with the sender.
            false => self.fault("the mail server did not take it", &error),
        })?;
        for recipient in envelope.to() {
            let recipient = connection.command(Rcpt::new(recipient.clone(), Vec::new())).await;
            recipient.map_err(|error| self.refusal("the recipient", &error))?;
        }
        let data = connection.command(Data).await;
        data.map_err(|error| self.refusal("the mail", &error))?;
        let sent = connection.message(&message.formatted()).await;
        sent.map_err(|error| self.refusal("the mail", &error))?;
        Ok(())
    }

    /// One that still works: servers close those that are idle.
    async fn idle_connection(&self) -> Option<AsyncSmtpConnection> {
        loop {
            let mut connection = self.idle().pop()?;
            if timeout(IDLE_TIMEOUT, connection.test_connected()).await == Ok(true) {
                return Some(connection);
            }
        }
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, SendError> {
        let outcome = timeout(CONNECT_TIMEOUT, self.connect_now()).await;
        outcome.unwrap_or_else(|_| {
            let (server, seconds) = (self.0.url.server(), CONNECT_TIMEOUT.as_secs());
            let remedy = match self.0.url.tls {
                Tls::FromTheStart => "",
                _ => " (a port with TLS from the start needs smtps://)",
            };
            Err(SendError::Temporary(format!(
                "SMTP_URL: {server} did not answer within {seconds} s{remedy}"
            )))
        })
    }

    async fn connect_now(&self) -> Result<AsyncSmtpConnection, SendError> {
        let Shared { url, tls, .. } = &*self.0;
        let hello = url.hello_name.clone().map(ClientId::Domain).unwrap_or_default();
        let from_the_start = tls.clone().filter(|_| url.tls == Tls::FromTheStart);
        let server = (url.host.as_str(), url.port);
        let connection =
            AsyncSmtpConnection::connect_tokio1(server, None, &hello, from_the_start, None).await;
        let mut connection = connection.map_err(|error| self.no_connection(&error))?;
        let can_start = connection.can_starttls();
        match (url.tls, tls) {
            (Tls::Required, _) if !can_start => {
                let server = url.server();
                return Err(SendError::Temporary(format!(
                    "SMTP_URL: {server} does not offer STARTTLS, so nothing is sent"
                )));
            }
            (Tls::Required | Tls::IfOffered, Some(tls)) if can_start => {
                let started = connection.starttls(tls.clone(), &hello).await;
                started.map_err(|error| self.no_connection(&error))?;
            }
            _ => {}
        }
        if let Some((user, password)) = &url.credentials {
            let credentials = Credentials::new(user.clone(), password.to_string());
            let accepted = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            let failed = "SMTP_URL: the mail server refuses the user and password";
            accepted.map_err(|error| self.fault(failed, &error))?;
        }
        Ok(connection)
    }

    /// What the operator can mend, or time: the mail is sent later.
    fn fault(&self, what: &str, error: &smtp::Error) -> SendError {
        SendError::Temporary(self.without_password(&format!("{what}: {}", ErrorChain(error))))
    }

    /// A connection that could not be made.
    fn no_connection(&self, error: &smtp::Error) -> SendError {
        let what = format!("SMTP_URL: no connection to {}", self.0.url.server());
        // What mends it goes first: the causes may be cut.
        let causes = ErrorChain(error).to_string();
        let remedy = if causes.contains("corrupt message") {
            " (a port without TLS from the start needs smtp://…?tls=required)"
        } else if causes.contains("invalid peer certificate") {
            " (SSL_CERT_FILE names the authorities to trust)"
        } else {
            ""
        };
        self.fault(&format!("{what}{remedy}"), error)
    }

    /// The server has judged this mail.
    fn refusal(&self, what: &str, error: &smtp::Error) -> SendError {
        let text = format!("the mail server refuses {what}: {}", ErrorChain(error));
        match error.is_permanent() {
            true => SendError::Permanent(self.without_password(&text)),
            false => self.fault("the mail server did not take it", error),
        }
    }

    fn without_password(&self, text: &str) -> String {
        match &self.0.url.credentials {
            Some((_, password)) if !password.is_empty() => text.replace(password.as_str(), "…"),
            _ => text.to_owned(),
        }
    }

    fn idle(&self) -> MutexGuard<'_, Vec<AsyncSmtpConnection>> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
