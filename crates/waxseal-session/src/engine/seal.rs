//! Seals a session, as its lifecycle says.

use actix_web::http::header::HeaderValue;
use waxseal_seal::token_len;

use super::{Outgoing, Settings};
use crate::{
    claims::{self, OwnLifecycle},
    clock::Timestamp,
    config::SessionLifecycle,
    cookie::MAX_COOKIE_BYTES,
    error::SessionError,
    expiry::ExpiryPolicy,
    mode::Mode,
    record::SessionRecord,
    request_session::{ActiveSession, TokenSource},
};

impl Settings {
    /// The policy of a session, and the lifecycle of its own: the one that a handler chose, or the one it
    /// had.
    pub(crate) fn lifecycle(
        &self,
        chosen: Option<SessionLifecycle>,
        own: Option<OwnLifecycle>,
    ) -> (ExpiryPolicy, Option<OwnLifecycle>) {
        let policy = chosen.and_then(|chosen| {
            Some((self.policy.with_lifecycle(chosen).ok()?, chosen.is_browser_session()))
        });
        match policy {
            Some((policy, browser_session)) => {
                let own = OwnLifecycle {
                    idle_timeout: policy.idle_timeout(),
                    lifetime: policy.lifetime(),
                    refresh_threshold: policy.refresh_threshold(),
                    browser_session,
                };
                (policy, Some(own))
            }
            None => (own.map_or(self.policy, |own| ExpiryPolicy::of_own(&own)), own),
        }
    }

    pub(super) fn policy_of(&self, active: &ActiveSession) -> ExpiryPolicy {
        active.own.map_or(self.policy, |own| ExpiryPolicy::of_own(&own))
    }

    /// The expiry of a session that is re-sealed now: never earlier than it was.
    pub(super) fn later_expiry(&self, active: &ActiveSession, now: Timestamp) -> Timestamp {
        let SessionRecord { auth_time, expires_at, .. } = active.record;
        self.policy_of(active).expiry(auth_time, now).max(expires_at)
    }

    /// Seals a session and puts it where its client looks for it.
    pub(super) fn sealed(
        &self,
        active: &ActiveSession,
        source: TokenSource,
        now: Timestamp,
    ) -> Result<Outgoing, SessionError> {
        // A state from the store that fits no cookie stays there.
        let stays = active.from_store && !self.fits_cookie(active, now);
        let mode = if stays { Mode::Database } else { self.mode };
        let token = self.seal(active, mode, now)?;
        let header = match source {
            TokenSource::Cookie => {
                let browser_session =
                    active.own.map_or(self.browser_session, |own| own.browser_session);
                let max_age = (!browser_session).then(|| active.record.expires_at.since(now));
                self.cookie.set(&token, max_age).map(Outgoing::Cookie)
            }
            TokenSource::Bearer => HeaderValue::try_from(token).ok().map(Outgoing::Header),
        };
        Ok(header.unwrap_or(Outgoing::Nothing))
    }

    /// The token of a session that is sealed `now`.
    pub(super) fn seal(
        &self,
        active: &ActiveSession,
        mode: Mode,
        now: Timestamp,
    ) -> Result<String, SessionError> {
        let plaintext = plaintext(active, mode, now);
        let size = self.cookie.name.len() + token_len(plaintext.len());
        if size > MAX_COOKIE_BYTES {
            return Err(SessionError::TooLarge { size });
        }
        Ok(self.keyring.seal(&self.purpose, plaintext.as_bytes()))
    }

    /// # Errors
    ///
    /// When the session does not fit into one cookie.
    pub(super) fn check_size(&self, active: &ActiveSession) -> Result<(), SessionError> {
        let plaintext = plaintext(active, self.mode, self.clock.now());
        match self.cookie.name.len() + token_len(plaintext.len()) {
            ..=MAX_COOKIE_BYTES => Ok(()),
            size => Err(SessionError::TooLarge { size }),
        }
    }

    /// Whether the session fits into one cookie, state and all.
    pub(super) fn fits_cookie(&self, active: &ActiveSession, now: Timestamp) -> bool {
        let plaintext = plaintext(active, Mode::Cookie, now);
        self.cookie.name.len() + token_len(plaintext.len()) <= MAX_COOKIE_BYTES
    }
}

fn plaintext(active: &ActiveSession, mode: Mode, now: Timestamp) -> String {
    let SessionRecord { id, auth_time, expires_at, state, .. } = &active.record;
    let state = (mode == Mode::Cookie).then_some(state);
    claims::write(id, [*auth_time, now, *expires_at], active.own.as_ref(), state)
}
