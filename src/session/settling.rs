//! A response goes out: what the handler did to the session is kept, and its cookie sealed,
//! cleared or left alone.

use actix_session::{Session, SessionStatus};
use actix_web::http::header::HeaderValue;

use super::{
    cookie::MAX_BYTES,
    current::Live,
    envelope::Claims,
    error::SessionError,
    recent::Opened,
    record::SessionRecord,
    registry::Registry,
    settings::{Mode, Settings},
    state::State,
};

impl<R: Registry> Settings<R> {
    /// Compares what the handler was given with what it left, keeps what it did, and says which
    /// cookie, if any, goes out.
    pub(super) async fn settle(
        &self,
        live: Option<Live>,
        session: &Session,
        rejected: bool,
    ) -> Result<Option<HeaderValue>, SessionError> {
        match (live, session.status()) {
            (Some(live), SessionStatus::Purged) => {
                Box::pin(self.registry.end(&live.record)).await?;
                Ok(self.cookie.clear())
            }
            (Some(live), SessionStatus::Renewed) => self.begin(Some(&live.record), session).await,
            (Some(live), _) => self.carry_on(live, session).await,
            (None, SessionStatus::Purged) => Ok(rejected.then(|| self.cookie.clear()).flatten()),
            (None, _) if !session.entries().is_empty() => self.begin(None, session).await,
            (None, _) => Ok(rejected.then(|| self.cookie.clear()).flatten()),
        }
    }

    /// Opens a session with the state that the handler left, in place of the one it had.
    async fn begin(
        &self,
        old: Option<&SessionRecord>,
        session: &Session,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let state = State::from_session(session);
        let record = SessionRecord::open(&self.lifetimes, self.clock.now(), state);
        let cookie = self.seal(&record, self.mode)?;
        if !Box::pin(self.registry.open(&record, old.map(|old| &old.id))).await? {
            log::info!("a session was renewed after its end");
            return Ok(self.cookie.clear());
        }
        Ok(cookie)
    }

    /// Keeps what the handler changed, if anything, and sends the session's cookie where needed.
    async fn carry_on(
        &self,
        Live { mut record, mut seal, from_row }: Live,
        session: &Session,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let changed = !record.state.is_same_as(&session.entries());
        if changed {
            record.state = State::from_session(session);
            if self.mode == Mode::Cookie {
                record.expires_at = self.later_expiry(&record, self.clock.now());
                seal = true;
            }
        }
        let cookie = match seal.then(|| self.seal(&record, self.mode)) {
            // Database mode has left a state that no cookie can hold: it stays in its row.
            Some(Err(SessionError::TooLarge { .. })) if from_row && !changed => {
                self.seal(&record, Mode::Database)?
            }
            Some(sealed) => sealed?,
            None => None,
        };
        if changed && !Box::pin(self.registry.save(&record)).await? {
            log::info!("a session was changed after its end: {}", record.id);
            return Ok(self.cookie.clear());
        }
        Ok(cookie)
    }

    /// The cookie of a session, sealed now into this mode's kind.
    pub(super) fn seal(
        &self,
        record: &SessionRecord,
        mode: Mode,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let now = self.clock.now();
        let claims = Claims {
            sid: record.id,
            auth_time: record.auth_time,
            iat: now,
            exp: record.expires_at,
            state: (mode == Mode::Cookie).then(|| record.state.clone()),
        };
        let token = self.keyring.seal(&self.purpose, claims.to_json().as_bytes());
        let size = self.cookie.name.len() + token.len();
        if size > MAX_BYTES {
            return Err(SessionError::TooLarge { size });
        }
        self.recent.put(token.as_bytes(), &Opened { claims, by_fallback: false });
        Ok(self.cookie.set(&token, record.expires_at.since(now)))
    }
}
