//! A response goes out: what the handler did to the session is kept, and the cookie is sealed, cleared
//! or left alone.

use actix_session::{Session, SessionStatus};
use actix_web::http::header::HeaderValue;
use waxseal_seal::token_len;

use super::{SessionEngine, UnsealedClaims};
use crate::{
    claims::Claims, cookie::MAX_BYTES, current::ActiveSession, error::SessionError, mode::Mode,
    record::SessionRecord, state::State, store::SessionStore,
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
        let state = State::from_session(session);
        let record = SessionRecord::new(&self.policy, self.clock.now(), state);
        let sealed = self.seal(self.claims(&record, self.mode))?;
        let replaces = replaces.map(|record| &record.id);
        if !Box::pin(self.store.create(&record, replaces)).await? {
            log::info!("a session was renewed after it was over");
            return Ok(self.cookie.clear());
        }
        Ok(self.set_cookie(sealed))
    }

    /// Keeps what the handler changed, if anything, and re-seals the cookie where needed.
    async fn update(
        &self,
        ActiveSession { mut record, mut reseal, from_store }: ActiveSession,
        session: &Session,
    ) -> Result<Option<HeaderValue>, SessionError> {
        let changed = !record.state.equals(&session.entries());
        if changed {
            record.state = State::from_session(session);
            if self.mode == Mode::Cookie {
                record.expires_at = self.later_expiry(&record, self.clock.now());
                reseal = true;
            }
        }
        // A state from database mode that fits no cookie stays in the store.
        let stays = || from_store && !changed && !self.fits_cookie(&record);
        let mode = if reseal && stays() { Mode::Database } else { self.mode };
        let sealed = reseal.then(|| self.seal(self.claims(&record, mode))).transpose()?;
        if changed && !Box::pin(self.store.save(&record)).await? {
            log::info!("a session was changed after it was over: {}", record.id);
            return Ok(self.cookie.clear());
        }
        Ok(sealed.and_then(|sealed| self.set_cookie(sealed)))
    }

    /// Whether the session fits into one cookie, state and all.
    pub(super) fn fits_cookie(&self, record: &SessionRecord) -> bool {
        let plaintext = self.claims(record, Mode::Cookie).to_json();
        self.cookie.name.len() + token_len(plaintext.len()) <= MAX_BYTES
    }

    /// The claims of a token that is sealed now.
    fn claims(&self, record: &SessionRecord, mode: Mode) -> Claims {
        Claims {
            sid: record.id,
            auth_time: record.auth_time,
            iat: self.clock.now(),
            exp: record.expires_at,
            state: (mode == Mode::Cookie).then(|| record.state.clone()),
        }
    }

    fn seal(&self, claims: Claims) -> Result<SealedClaims, SessionError> {
        let plaintext = claims.to_json();
        let size = self.cookie.name.len() + token_len(plaintext.len());
        if size > MAX_BYTES {
            return Err(SessionError::TooLarge { size });
        }
        let token = self.keyring.seal(&self.purpose, plaintext.as_bytes());
        Ok(SealedClaims { token, claims })
    }

    /// The cookie that sends a token. The token is remembered for when it comes back.
    fn set_cookie(&self, SealedClaims { token, claims }: SealedClaims) -> Option<HeaderValue> {
        let cookie = self.cookie.set(&token, claims.exp.since(claims.iat));
        self.recent_tokens.put(token.as_bytes(), &UnsealedClaims { claims, by_fallback: false });
        cookie
    }
}

/// Claims and the token that seals them.
struct SealedClaims {
    token: String,
    claims: Claims,
}
