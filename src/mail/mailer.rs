//! The mailer: claims mails from the outbox and sends them, until all are sent or given up.

use std::time::Duration;

use futures_util::stream::{FuturesUnordered, StreamExt};
use lettre::message::Mailbox;
use waxseal_session::{Clock, ErrorChain, SessionMiddleware, Timestamp};

use super::{
    content::Writer,
    message::message,
    transport::{SendError, Transport},
};
use crate::{
    audit,
    db::{AccountStore, DatabaseError, QueuedMail, SqlSessionStore},
    domain::Email,
    telemetry,
};

/// How often to look for mails that other nodes queued, or whose time has come.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// Mails sent at once.
const AT_ONCE: usize = 10;

/// The waits after each failed attempt; the last one repeats.
const WAITS: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(60 * 60),
];

/// How often to try to delete a mail that was sent: if that fails, it is sent twice.
const DELETE_ATTEMPTS: usize = 10;
const DELETE_RETRY: Duration = Duration::from_secs(1);

/// The site that mails are from.
#[derive(Debug, Clone)]
pub struct Site {
    /// What mails call it.
    pub name: String,
    /// The origin that links begin with.
    pub origin: String,
    /// The sender.
    pub from: Mailbox,
}

impl Site {
    /// The site at this origin. Its name is that of the sender, or the host.
    pub fn new(from: Mailbox, origin: String) -> Self {
        let host = host_of(&origin).to_owned();
        Self { name: from.name.clone().unwrap_or(host), origin, from }
    }

    /// The host, without the port.
    pub(super) fn host(&self) -> &str {
        let host = host_of(&self.origin);
        match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
            _ => host,
        }
    }
}

fn host_of(origin: &str) -> &str {
    origin.split_once("://").map_or(origin, |(_, host)| host)
}

/// Sends the mails of the outbox.
#[derive(Clone)]
pub struct Mailer {
    /// The outbox, and what mails tell of.
    pub store: AccountStore,
    /// The keys of links are those of sessions.
    pub sessions: SessionMiddleware<SqlSessionStore>,
    /// The site that mails are from.
    pub site: Site,
    /// Where they go.
    pub transport: Transport,
    /// The source of time.
    pub clock: Clock,
}

impl Mailer {
    /// Sends mails until the future is dropped.
    pub async fn run(&self) {
        let mut sending = FuturesUnordered::new();
        loop {
            let free = AT_ONCE.saturating_sub(sending.len());
            if free > 0 {
                match self.store.claim_mails(u32::try_from(free).unwrap_or(1)).await {
                    Ok(claimed) => {
                        sending.extend(claimed.into_iter().map(|mail| self.deliver(mail)))
                    }
                    Err(error) => log::warn!("outbox: {}", ErrorChain(&error)),
                }
            }
            let next_poll = self.clock.elapsed() + POLL_INTERVAL;
            tokio::select! {
                Some(()) = sending.next() => {}
                () = self.store.mail_queued.notified() => {}
                () = self.clock.sleep_until(next_poll) => {}
            }
        }
    }

    /// Sends a claimed mail, and stores what became of it.
    async fn deliver(&self, queued: QueuedMail) {
        let kind = queued.mail.content.kind();
        let stored = match self.send(&queued).await {
            Ok(Sent::Yes) => {
                telemetry::mail_sent(kind);
                audit::mail_sent(kind, queued.mail.user_id, queued.id);
                self.delete(&queued).await
            }
            Ok(Sent::NothingToSend) => {
                telemetry::mail_dropped(kind);
                log::debug!("mail {}: nothing to send any more, kind {kind}", queued.id);
                self.delete(&queued).await
            }
            Err(error) => self.retry_or_give_up(&queued, &error).await,
        };
        if let Err(error) = stored {
            log::warn!("outbox: mail {}: {}", queued.id, ErrorChain(&error));
        }
    }

    async fn send(&self, queued: &QueuedMail) -> Result<Sent, DeliveryError> {
        let now = self.clock.now();
        if now >= queued.dead_at {
            return Err(DeliveryError::TooLate);
        }
        let Self { store, sessions, clock, site, transport } = self;
        let writer = Writer { store, keyring: sessions.keyring(), clock, site };
        let Some(letter) = writer.letter(queued).await? else { return Ok(Sent::NothingToSend) };
        let id = queued.id.to_string();
        let message = message(&letter, site, (&id, &queued.mail.to, now))?;
        transport.send(&id, message).await?;
        Ok(Sent::Yes)
    }

    /// A mail that was sent and is still there would be sent again.
    async fn delete(&self, queued: &QueuedMail) -> Result<(), DatabaseError> {
        for _ in 1..DELETE_ATTEMPTS {
            if self.store.delete_mail(queued.id).await.is_ok() {
                return Ok(());
            }
            tokio::time::sleep(DELETE_RETRY).await;
        }
        self.store.delete_mail(queued.id).await
    }

    async fn retry_or_give_up(
        &self,
        queued: &QueuedMail,
        error: &DeliveryError,
    ) -> Result<(), DatabaseError> {
        let (kind, user, id) = (queued.mail.content.kind(), queued.mail.user_id, queued.id);
        let cause = without_address(&ErrorChain(error).to_string(), &queued.mail.to);
        let due_at = next_attempt(queued, self.clock.now());
        if error.is_permanent() || due_at >= queued.dead_at {
            telemetry::mail_failed(kind);
            audit::mail_failed(kind, user, id, &cause);
            return self.store.give_up_mail(id, &cause).await;
        }
        telemetry::mail_delayed(kind);
        log::warn!("mail {id} was not sent, kind {kind}, next attempt at {due_at}: {cause}");
        self.store.retry_mail(id, due_at, &cause).await
    }
}

enum Sent {
    Yes,
    NothingToSend,
}

fn next_attempt(queued: &QueuedMail, now: Timestamp) -> Timestamp {
    let failed = usize::try_from(queued.attempts).unwrap_or_default().saturating_sub(1);
    now + WAITS.get(failed).or(WAITS.last()).copied().unwrap_or_default()
}

/// Servers repeat the address in what they say; the log has none.
fn without_address(text: &str, address: &Email) -> String {
    let (local, domain) = address.for_smtp().unwrap_or((address.as_str(), String::new()));
    let text = text.replace(&format!("{local}@{domain}"), "the address");
    text.replace(address.as_str(), "the address")
}

/// Why a mail could not be written.
#[derive(Debug, thiserror::Error)]
pub(super) enum RenderError {
    #[error(transparent)]
    Database(#[from] DatabaseError),
    #[error("the template can't be rendered")]
    Template(#[from] askama::Error),
    #[error("the link can't be sealed")]
    Link(#[from] serde_json::Error),
    #[error("the message can't be built")]
    Message(#[from] lettre::error::Error),
    #[error("the address can't be used for mail")]
    Address,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("its use is over")]
    TooLate,
}

impl DeliveryError {
    fn is_permanent(&self) -> bool {
        match self {
            Self::Render(RenderError::Address) | Self::TooLate => true,
            Self::Render(_) => false,
            Self::Send(error) => matches!(error, SendError::Permanent(_)),
        }
    }
}
