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
        let sealed = self.seal(&record, self.mode)?;
        if !Box::pin(self.registry.open(&record, old.map(|old| &old.id))).await? {
            log::info!("a session was renewed after its end");
            return Ok(self.cookie.clear());
        }
        Ok(self.send(sealed))
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
        let sealed = match seal.then(|| self.seal(&record, self.mode)) {
            // Database mode has left a state that no cookie can hold: it stays in its row.
            Some(Err(SessionError::TooLarge { .. })) if from_row && !changed => {
                Some(self.seal(&record, Mode::Database)?)
            }
            sealed => sealed.transpose()?,
        };
        if changed && !Box::pin(self.registry.save(&record)).await? {
            log::info!("a session was changed after its end: {}", record.id);
            return Ok(self.cookie.clear());
        }
        Ok(sealed.and_then(|sealed| self.send(sealed)))
    }

    /// The token of a session, sealed now as this mode has it.
    pub(super) fn seal(&self, record: &SessionRecord, mode: Mode) -> Result<Sealed, SessionError> {
        let claims = Claims {
            sid: record.id,
            auth_time: record.auth_time,
            iat: self.clock.now(),
            exp: record.expires_at,
            state: (mode == Mode::Cookie).then(|| record.state.clone()),
        };
        let token = self.keyring.seal(&self.purpose, claims.to_json().as_bytes());
        let size = self.cookie.name.len() + token.len();
        if size > MAX_BYTES {
            return Err(SessionError::TooLarge { size });
        }
        Ok(Sealed { token, claims })
    }

    /// The cookie that sends a token out, to be known when it comes back.
    fn send(&self, Sealed { token, claims }: Sealed) -> Option<HeaderValue> {
        let cookie = self.cookie.set(&token, claims.exp.since(claims.iat));
        self.recent.put(token.as_bytes(), &Opened { claims, by_fallback: false });
        cookie
    }
}

/// A token, and what it says.
pub(super) struct Sealed {
    token: String,
    claims: Claims,
}
