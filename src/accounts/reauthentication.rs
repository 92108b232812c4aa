//! Asking a signed-in user for their password again.

use waxseal_session::Timestamp;

use super::{error::AccountsError, service::Accounts, throttle::Admission};
use crate::{
    audit,
    db::{Attempt, Client, Credentials},
    domain::{Password, UserId},
    telemetry,
};

/// The outcome of checking a user's password.
pub(super) enum Verification {
    Right(Credentials, Attempt),
    Wrong(Credentials, Attempt),
    Throttled(Timestamp),
    NoSuchUser,
}

impl Accounts {
    /// Checks a user's password, throttled like a log-in, and counts nothing.
    pub(super) async fn verify(
        &self,
        user: UserId,
        password: &Password,
        client: &Client,
    ) -> Result<Verification, AccountsError> {
        let credentials = self.store.credentials(user).await?;
        // A disabled user has no live session, so this request has no claim to the account.
        let credentials = credentials.filter(|known| known.user.disabled_at.is_none());
        let Some(credentials) = credentials else { return Ok(Verification::NoSuchUser) };
        let attempt = match self.admit(&credentials.user.email, Some(user), client).await? {
            Admission::Admitted(attempt) => attempt,
            Admission::Throttled(until) => return Ok(throttled(user, client, until)),
        };
        let verified = self.hashing.verify(password, Some(&credentials.password_hash)).await?;
        if verified.is_none() {
            return Ok(Verification::Wrong(credentials, attempt));
        }
        Ok(match self.store.retry_at(&attempt).await? {
            Some(until) => throttled(user, client, until),
            None => Verification::Right(credentials, attempt),
        })
    }

    /// Counts a wrong password as a failed log-in. If concurrent failures mean that the attempt has to wait,
    /// returns when the wait ends.
    pub(super) async fn refuse(
        &self,
        user: UserId,
        attempt: &Attempt,
        client: &Client,
    ) -> Result<Option<Timestamp>, AccountsError> {
        let until = self.store.record_failure(attempt, Some(user), client).await?;
        match until {
            Some(until) => log_throttled(user, client, until),
            None => {
                telemetry::login_refused();
                audit::password_refused(user, &client.address);
            }
        }
        Ok(until)
    }
}

fn throttled(user: UserId, client: &Client, until: Timestamp) -> Verification {
    log_throttled(user, client, until);
    Verification::Throttled(until)
}

fn log_throttled(user: UserId, client: &Client, until: Timestamp) {
    telemetry::login_throttled();
    audit::password_throttled(user, &client.address, until);
}
