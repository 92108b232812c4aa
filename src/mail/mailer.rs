//! The mailer: claims mails from the outbox and sends them, until all are sent or given up.

use std::{sync::Arc, time::Duration};

use tokio::time::timeout;
use waxseal_session::{Clock, ErrorChain, SessionMiddleware, Timestamp};

use super::{
    content::Writer,
    in_flight::{AT_ONCE, InFlight},
    message::message,
    render_error::RenderError,
    send_error::SendError,
    site::Site,
    transport::Transport,
};
use crate::{
    audit,
    db::{AccountStore, DatabaseError, QueuedMail, SqlSessionStore},
    domain::{Email, MailContent},
    telemetry,
};

/// How often to look for mails that other nodes queued, or whose time has come.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// The waits after each failed attempt; the last one repeats.
const WAITS: [Duration; 5] = [
    Duration::from_secs(10),
    Duration::from_secs(60),
    Duration::from_secs(5 * 60),
    Duration::from_secs(15 * 60),
    Duration::from_secs(60 * 60),
];

/// Between two attempts to delete a mail that was sent.
const DELETE_RETRY: Duration = Duration::from_secs(1);

/// How long before the mail stops being useful the last attempt is made.
const LAST_ATTEMPT_BEFORE: Duration = Duration::from_secs(60);

/// How long mails on their way may take when the server stops.
const FINISH_TIMEOUT: Duration = Duration::from_secs(5);

/// How much of what a server says is kept.
const CAUSE_CHARS: usize = 300;

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
    /// Whether notices are sent. The command line queues them without knowing.
    pub notifies: bool,
    /// The source of time.
    pub clock: Clock,
    /// The mails that it is sending.
    pub in_flight: InFlight,
}

impl Mailer {
    /// Sends mails until the future is dropped.
    pub async fn run(&self) {
        loop {
            // This one waits until a mail is done, if as many as can be are on their way.
            drop(self.in_flight.places.acquire().await);
            if self.claim().await {
                continue;
            }
            let next_poll = self.clock.elapsed() + POLL_INTERVAL;
            tokio::select! {
                () = self.store.mail_queued.notified() => {}
                () = self.clock.sleep_until(next_poll) => {}
            }
        }
    }

    /// Gives the mails on their way a few seconds: one that is cut off is sent twice.
    pub async fn finish(&self) {
        let all = self.in_flight.places.acquire_many(AT_ONCE as u32);
        if timeout(FINISH_TIMEOUT, all).await.is_err() {
            log::warn!("stopping while mails are being sent: some may arrive twice");
        }
        self.transport.rest().await;
    }

    /// Claims mails and starts to send them. Whether there may be more.
    async fn claim(&self) -> bool {
        let free = self.in_flight.places.available_permits();
        let claimed = match self.store.claim_mails(u32::try_from(free).unwrap_or(1)).await {
            Ok(claimed) => claimed,
            Err(error) => {
                log::warn!("outbox: {}", ErrorChain(&error));
                return false;
            }
        };
        let may_be_more = claimed.len() == free;
        if claimed.is_empty() && free == AT_ONCE {
            self.transport.rest().await;
        }
        for mail in claimed {
            let Some(entered) = self.in_flight.ids.enter(mail.id) else { continue };
            let (mailer, place) =
                (self.clone(), Arc::clone(&self.in_flight.places).try_acquire_owned());
            // A task of its own: it outlives this loop when the server stops, and a panic ends only it.
            tokio::spawn(async move {
                mailer.deliver(mail).await;
                drop((entered, place));
            });
        }
        may_be_more
    }

    /// Sends a claimed mail, and stores what became of it.
    async fn deliver(&self, queued: QueuedMail) {
        let kind = queued.known_kind();
        match self.send(&queued).await {
            Ok(Sent::Yes) => {
                telemetry::mail_sent(kind);
                audit::mail_sent(kind, queued.user_id, queued.id);
                self.delete(&queued).await;
            }
            Ok(Sent::NothingToSend) => {
                telemetry::mail_dropped(kind);
                log::debug!("mail {}: nothing to send any more, kind {kind}", queued.id);
                self.delete(&queued).await;
            }
            Err(error) => {
                if let Err(error) = self.retry_or_give_up(&queued, &error).await {
                    log::warn!("outbox: mail {}: {}", queued.id, ErrorChain(&error));
                }
            }
        }
    }

    async fn send(&self, queued: &QueuedMail) -> Result<Sent, DeliveryError> {
        let now = self.clock.now();
        if now >= queued.dead_at {
            return Err(DeliveryError::TooLate);
        }
        if !self.notifies && queued.content.as_ref().is_some_and(MailContent::is_notice) {
            return Ok(Sent::NothingToSend);
        }
        let Self { store, sessions, clock, site, transport, .. } = self;
        let writer = Writer { store, keyring: sessions.keyring(), clock, site };
        let Some(letter) = writer.letter(queued).await? else { return Ok(Sent::NothingToSend) };
        let id = queued.id.to_string();
        let message = message(&letter, site, (&id, &queued.to, now))?;
        transport.send(&id, &message).await?;
        Ok(Sent::Yes)
    }

    /// A mail that was sent and is still there would be sent again, so this goes on until the database is back.
    async fn delete(&self, queued: &QueuedMail) {
        while let Err(error) = self.store.delete_mail(queued.id).await {
            log::warn!("outbox: mail {} can't be deleted: {}", queued.id, ErrorChain(&error));
            tokio::time::sleep(DELETE_RETRY).await;
        }
    }

    async fn retry_or_give_up(
        &self,
        queued: &QueuedMail,
        error: &DeliveryError,
    ) -> Result<(), DatabaseError> {
        let (kind, user, id) = (queued.known_kind(), queued.user_id, queued.id);
        let cause = cause(&ErrorChain(error).to_string(), &queued.to);
        let next = next_attempt(queued, self.clock.now());
        let Some(due_at) = next.filter(|_| !error.is_permanent()) else {
            telemetry::mail_failed(kind);
            audit::mail_failed(kind, user, id, &cause);
            return self.store.give_up_mail(id, &cause).await;
        };
        telemetry::mail_delayed(kind);
        log::warn!("mail {id} was not sent, kind {kind}, next attempt at {due_at}: {cause}");
        self.store.retry_mail(id, due_at, &cause).await
    }
}

enum Sent {
    Yes,
    NothingToSend,
}

/// When to try again; `None` if the mail is no longer useful then. One attempt is made shortly before that.
fn next_attempt(queued: &QueuedMail, now: Timestamp) -> Option<Timestamp> {
    let failed = usize::try_from(queued.attempts).unwrap_or_default().saturating_sub(1);
    let next = now + WAITS.get(failed).or(WAITS.last()).copied().unwrap_or_default();
    let last = queued.dead_at - LAST_ATTEMPT_BEFORE;
    [next, last].into_iter().find(|at| now < *at && *at <= last)
}

/// Why an attempt failed, for the log and the list. Servers repeat the address in what they say, and may say
/// anything.
fn cause(text: &str, address: &Email) -> String {
    let (local, domain) = address.for_smtp().unwrap_or((address.as_str(), String::new()));
    let text = text.replace(|character: char| character.is_control(), " ");
    let text = without(&text, &format!("{local}@{domain}"));
    without(&text, address.as_str()).chars().take(CAUSE_CHARS).collect()
}

/// The text without an address, in upper or lower case.
fn without(text: &str, address: &str) -> String {
    let (lower, address) = (text.to_ascii_lowercase(), address.to_ascii_lowercase());
    let (mut rest, mut result) = (0, String::new());
    for (at, found) in lower.match_indices(&address) {
        result += &text[rest..at];
        result += "the address";
        rest = at + found.len();
    }
    result + &text[rest..]
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
enum DeliveryError {
    #[error(transparent)]
    Render(#[from] RenderError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error("it is no longer useful")]
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_server_says_is_told_without_the_address_and_in_one_short_line() {
        let address: Email = "ann@b\u{fc}cher.example".parse().unwrap();
        for said in ["ann@b\u{fc}cher.example", "Ann@XN--bcher-kva.example"] {
            let cause =
                cause(&format!("550 <{said}>:\r\n{said}\0 is {}", "long ".repeat(99)), &address);
            assert!(cause.starts_with("550 <the address>:  the address  is long long"), "{cause}");
            assert_eq!(cause.chars().count(), CAUSE_CHARS);
        }
    }
}
