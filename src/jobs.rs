//! The background jobs: the session store's tasks, mail, and the deletion of old rows. Each logs its errors
//! and tries again at its next interval.

use std::time::Duration;

use waxseal_session::{Clock, ErrorChain, Interval};

use crate::{
    db::{AccountStore, Cleaned},
    mail::Mailer,
};

/// The background jobs.
#[derive(Clone)]
pub struct Jobs {
    /// Sends mail, if any is sent.
    pub mailer: Option<Mailer>,
    /// The database.
    pub accounts: AccountStore,
    /// The source of time.
    pub clock: Clock,
    /// How often expired sessions and old log-in events are deleted.
    pub cleanup_interval: Duration,
}

impl Jobs {
    /// Runs the jobs until the future is dropped.
    pub async fn run(&self) {
        let sending_mail = async {
            if let Some(mailer) = &self.mailer {
                mailer.run().await;
            }
        };
        tokio::join!(
            self.accounts.sessions().run(self.cleanup_interval),
            self.keep_clean(),
            sending_mail
        );
    }

    /// Waits for the mails on their way, writes the last-seen times that are still in memory, and closes the
    /// database. Call it before the process ends.
    pub async fn finish(&self) {
        if let Some(mailer) = &self.mailer {
            mailer.finish().await;
        }
        self.accounts.sessions().close().await;
    }

    async fn keep_clean(&self) {
        let mut interval = Interval::new(&self.clock, self.cleanup_interval);
        loop {
            match self.accounts.clean_up().await {
                Ok(cleaned) if cleaned == Cleaned::default() => {
                    log::debug!("no old log-in events to delete");
                }
                Ok(Cleaned { login_events, login_failures }) => log::info!(
                    "cleaned up: {login_events} old log-in events, \
                     {login_failures} counts of failed log-ins"
                ),
                Err(error) => {
                    log::warn!("clean-up of log-in events failed: {}", ErrorChain(&error))
                }
            }
            interval.tick().await;
        }
    }
}
