//! A response goes out: what the handler did to the session is kept, and the cookie is sealed, cleared
//! or left alone.

use actix_session::{Session, SessionStatus};
use actix_web::http::header::HeaderValue;
use waxseal_seal::token_len;

use super::SessionEngine;
use crate::{
    claims, clock::Timestamp, cookie::MAX_COOKIE_BYTES, current::ActiveSession,
    error::SessionError, mode::Mode, record::SessionRecord, state::State, store::SessionStore,
};

impl<S: SessionStore> SessionEngine<S> {
    /// Keeps what the handler changed. Returns the `Set-Cookie` to send, if any.
    pub(crate) async fn finalize(
        &self,
        active: Option<ActiveSession>,
        session: &Session,
        rejected: bool,
    ) -> Result<Option<HeaderValue>, SessionError> {
        match (active, session.status()) {
            (Some(active), SessionStatus::Purged) => {
                Box::pin(self.store.revoke(&active.record)).await?;
                Ok(self.cookie.clear())
            }
            (Some(active), SessionStatus::Renewed) => {
                self.create(Some(&active.record), session).await
            }
            (Some(active), _) => self.update(active, session).await,
            (None, SessionStatus::Purged) => Ok(rejected.then(|| self.cookie.clear()).flatten()),
            (None, _) if !session.entries().is_empty() => self.create(None, session).await,
            (None, _) => Ok(rejected.then(|| self.cookie.clear()).flatten()),
        }
    }

    /// Creates a session with the state that the handler left, in place of the one there was.
    async fn create(
        &self,
        replaces: Option<&SessionRecord>,
        session: &Session,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let (state, now) = (State::from_session(session), self.clock.now());
        let record = SessionRecord::new(&self.policy, now, state);
        let cookie = self.seal(&record, self.mode, now)?;
        let replaces = replaces.map(|record| &record.id);
        if !Box::pin(self.store.create(&record, replaces)).await? {
            log::info!("a session was renewed after it was over");
            return Ok(self.cookie.clear());
        }
        Ok(cookie)
    }

    /// Keeps what the handler changed, if anything, and re-seals the cookie where needed.
    async fn update(
        &self,
        ActiveSession { mut record, mut reseal, from_store }: ActiveSession,
        session: &Session,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let now = self.clock.now();
        let state = State::from_session(session);
        let changed = !record.state.equals(&state);
        if changed {
            record.state = state;
            if self.mode == Mode::Cookie {
                record.expires_at = self.later_expiry(&record, now);
                reseal = true;
            }
        }
        // A state from database mode that fits no cookie stays in the store.
        let stays = || from_store && !changed && !self.fits_cookie(&record, now);
        let mode = if reseal && stays() { Mode::Database } else { self.mode };
        let cookie = reseal.then(|| self.seal(&record, mode, now)).transpose()?;
        if changed && !Box::pin(self.store.save(&record)).await? {
            log::info!("a session was changed after it was over: {}", record.id);
            return Ok(self.cookie.clear());
        }
        Ok(cookie.flatten())
    }

    /// The cookie of a session that is sealed `now`.
    fn seal(
        &self,
        record: &SessionRecord,
        mode: Mode,
        now: Timestamp,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let plaintext = plaintext(record, mode, now);
        let size = self.cookie.name.len() + token_len(plaintext.len());
        if size > MAX_COOKIE_BYTES {
            return Err(SessionError::TooLarge { size });
        }
        let token = self.keyring.seal(&self.purpose, plaintext.as_bytes());
        Ok(self.cookie.set(&token, record.expires_at.since(now)))
    }

    /// Whether the session fits into one cookie, state and all.
    pub(super) fn fits_cookie(&self, record: &SessionRecord, now: Timestamp) -> bool {
        let plaintext = plaintext(record, Mode::Cookie, now);
        self.cookie.name.len() + token_len(plaintext.len()) <= MAX_COOKIE_BYTES
    }
}

fn plaintext(record: &SessionRecord, mode: Mode, now: Timestamp) -> String {
    let state = (mode == Mode::Cookie).then_some(&record.state);
    claims::write(&record.id, [record.auth_time, now, record.expires_at], state)
}
