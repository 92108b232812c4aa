//! A request comes in: its cookie is found, unsealed and evaluated; its session is refreshed if due.

use actix_session::Session;
use actix_web::HttpRequest;

use super::{SessionEngine, TokenSubject, UnsealedClaims};
use crate::{
    claims::Claims,
    clock::Timestamp,
    cookie::{CookieLookup, find},
    current::ActiveSession,
    error::SessionError,
    error_chain::ErrorChain,
    evaluation::{Evaluation, Reseal, evaluate},
    mode::Mode,
    record::SessionRecord,
    rejection::Rejection,
    store::SessionStore,
    telemetry,
};

/// The session of a request.
pub(crate) struct IncomingSession {
    pub(crate) active: Option<ActiveSession>,
    /// The request has a cookie, but it was rejected: the response clears it.
    pub(crate) rejected: bool,
}

impl<S: SessionStore> SessionEngine<S> {
    /// Loads the session of a request and populates the handlers' session with its state.
    pub(crate) async fn load(
        &self,
        request: &HttpRequest,
        session: &Session,
    ) -> Result<IncomingSession, SessionError> {
        let token = match find(request.headers(), &self.cookie.name) {
            CookieLookup::None => return Ok(IncomingSession { active: None, rejected: false }),
            CookieLookup::Several => {
                return Ok(self.reject(request, Rejection::DuplicateCookie, None));
            }
            CookieLookup::One(token) => token,
        };
        let unsealed = match self.unseal(token) {
            Ok(unsealed) => unsealed,
            Err(reason) => return Ok(self.reject(request, reason, None)),
        };
        match self.validate(&unsealed).await {
            Ok(active) if active.record.state.populate(session).is_err() => {
                session.clear();
                Ok(self.reject(request, Rejection::NotASession, None))
            }
            Ok(active) => Ok(IncomingSession { active: Some(active), rejected: false }),
            Err(Refusal::Rejected(reason)) => {
                Ok(self.reject(request, reason, Some(TokenSubject::of(&unsealed.claims))))
            }
            Err(Refusal::Failed(error)) => Err(error),
        }
    }

    fn reject(
        &self,
        request: &HttpRequest,
        reason: Rejection,
        subject: Option<TokenSubject>,
    ) -> IncomingSession {
        let from = (self.client_address)(request).map(|address| address.to_string());
        telemetry::cookie_rejected(reason, subject, from.unwrap_or_default());
        IncomingSession { active: None, rejected: true }
    }

    /// Checks that the session is live, and refreshes it if due.
    async fn validate(&self, unsealed: &UnsealedClaims) -> Result<ActiveSession, Refusal> {
        let UnsealedClaims { claims, by_fallback } = unsealed;
        let (now, status) = (self.clock.now(), self.store.revocation_status(&claims.sid));
        let evaluation = evaluate(claims, *by_fallback, status, now, &self.policy, self.mode);
        let mut reseal = match evaluation {
            Evaluation::Accepted(reseal) => reseal,
            Evaluation::Rejected(reason) => return Err(Refusal::Rejected(reason)),
            Evaluation::Unknown => return Err(Refusal::Failed(SessionError::Stale)),
        };
        let from_store = claims.state.is_none();
        let record = self.record(claims).await?;
        // A state from database mode that fits no cookie stays in the store, in cookie mode too.
        if self.mode == Mode::Cookie && from_store {
            reseal.other_mode = self.fits_cookie(&record, now);
        }
        let mut active = ActiveSession { record, reseal: false, from_store };
        self.refresh(&mut active, reseal, now).await?;
        self.store.touch(&active.record.id);
        Ok(active)
    }

    /// The session that the claims describe, with its state.
    async fn record(&self, claims: &Claims) -> Result<SessionRecord, Refusal> {
        let Claims { sid: id, auth_time, exp: expires_at, state, .. } = claims;
        let state = match state.as_ref().filter(|_| self.mode == Mode::Cookie) {
            Some(state) => state.clone(),
            None => {
                let loaded = Box::pin(self.store.load(id)).await.map_err(SessionError::from)?;
                loaded.ok_or(Refusal::Rejected(Rejection::Gone))?
            }
        };
        Ok(SessionRecord { id: *id, auth_time: *auth_time, expires_at: *expires_at, state })
    }

    /// Moves the session's expiry if it has to be re-sealed. If the store fails, there is no refresh
    /// this time.
    async fn refresh(
        &self,
        active: &mut ActiveSession,
        reseal: Reseal,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        if !reseal.any() {
            return Ok(());
        }
        let expires_at = self.later_expiry(&active.record, now);
        match Box::pin(self.store.extend(&active.record.id, expires_at)).await {
            Ok(true) => {
                active.record.expires_at = expires_at;
                active.reseal = true;
                telemetry::session_refreshed();
                Ok(())
            }
            Ok(false) => Err(Refusal::Rejected(Rejection::Gone)),
            Err(error) => {
                log::warn!("a session was not refreshed: {}", ErrorChain(&error));
                Ok(())
            }
        }
    }
}

/// Why there is no session.
enum Refusal {
    /// The cookie was rejected.
    Rejected(Rejection),
    /// There is no telling whether the cookie is good.
    Failed(SessionError),
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        Self::Failed(error)
    }
}
