//! A request comes in: its token is found, unsealed and evaluated; its session is refreshed if due.

use actix_web::{
    HttpRequest,
    http::header::{AUTHORIZATION, HeaderMap},
};

use super::{SessionEngine, Settings, TokenSubject, UnsealedClaims};
use crate::{
    claims::Claims,
    clock::Timestamp,
    cookie::{CookieLookup, find},
    error::SessionError,
    error_chain::ErrorChain,
    evaluation::{Evaluation, Reseal, evaluate},
    id::SessionId,
    mode::Mode,
    node_memory::{CookieHash, NODE},
    record::SessionRecord,
    rejection::Rejection,
    request_session::{ActiveSession, Incoming, RejectedCookie, TokenSource},
    state_changes::StateChanges,
    store::{RevocationStatus, SessionStore},
    telemetry,
};

/// A token found in a request.
enum Found<'a> {
    Token(&'a [u8], TokenSource),
    Several,
    None,
}

impl Settings {
    /// The token of a request: in the cookie, or else in the `Authorization` header.
    fn find_token<'a>(&self, headers: &'a HeaderMap) -> Found<'a> {
        match find(headers, &self.cookie.name) {
            CookieLookup::One(token) => Found::Token(token, TokenSource::Cookie),
            CookieLookup::Several => Found::Several,
            CookieLookup::None if self.bearer_tokens => match bearer_token(headers) {
                Some(token) => Found::Token(token, TokenSource::Bearer),
                None => Found::None,
            },
            CookieLookup::None => Found::None,
        }
    }
}

/// The scheme's name is case-insensitive (RFC 9110, section 11.1).
fn bearer_token(headers: &HeaderMap) -> Option<&[u8]> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

impl<S: SessionStore> SessionEngine<S> {
    /// Loads the session of a request.
    pub(crate) async fn load(&self, request: &HttpRequest) -> Result<Incoming, SessionError> {
        let (token, source) = match self.settings.find_token(request.headers()) {
            Found::None => return Ok(Incoming::VISITOR),
            Found::Several => {
                self.log_rejection(request, Rejection::DuplicateCookie, None);
                return Ok(Incoming::rejected(RejectedCookie::Several, TokenSource::Cookie));
            }
            Found::Token(token, source) => (token, source),
        };
        let unsealed = match self.settings.unseal(token) {
            Ok(unsealed) => unsealed,
            Err(reason) => {
                self.log_rejection(request, reason, None);
                let cookie = NODE.of_value(token);
                return Ok(Incoming::rejected(self.rejected(cookie, None), source));
            }
        };
        match self.validate(&unsealed, request).await {
            Ok(active) => Ok(Incoming { active: Some(active), rejected: None, source }),
            Err(Refusal::Rejected(reason)) => {
                self.log_rejection(request, reason, Some(TokenSubject::of(&unsealed.claims)));
                let id = unsealed.claims.sid;
                let replaced_by = match self.store.revocation_status(&id) {
                    RevocationStatus::Replaced { by } => Some(by),
                    _ => None,
                };
                let rejected = self.rejected(NODE.of_session(&id), replaced_by);
                Ok(Incoming::rejected(rejected, source))
            }
            Err(Refusal::Failed(error)) => Err(error),
        }
    }

    /// What becomes of a cookie that was rejected.
    fn rejected(
        &self,
        cookie: CookieHash,
        replaced_by: Option<SessionId>,
    ) -> RejectedCookie {
        let successor = replaced_by.or_else(|| NODE.successor(cookie, self.settings.clock.now()));
        match successor {
            Some(by) => RejectedCookie::Replaced { by },
            None => RejectedCookie::Over(cookie),
        }
    }

    /// A token whose state turned out not to be an object with unique keys.
    pub(crate) fn reject_state(&self, request: &HttpRequest, incoming: &Incoming) -> Incoming {
        self.log_rejection(request, Rejection::NotASession, None);
        let cookie = incoming.active.as_ref().map(|active| NODE.of_session(&active.record.id));
        let rejected = cookie.map_or(RejectedCookie::Several, RejectedCookie::Over);
        Incoming::rejected(rejected, incoming.source)
    }

    fn log_rejection(&self, request: &HttpRequest, reason: Rejection, subject: Option<TokenSubject>) {
        let from = (self.settings.client_address)(request).map(|address| address.to_string());
        telemetry::cookie_rejected(reason, subject, from.unwrap_or_default());
    }

    /// Checks that the session is live, and refreshes it if due.
    async fn validate(
        &self,
        unsealed: &UnsealedClaims,
        request: &HttpRequest,
    ) -> Result<ActiveSession, Refusal> {
        let UnsealedClaims { claims, by_fallback } = unsealed;
        let Settings { policy, mode, clock, .. } = &self.settings;
        let (now, status) = (clock.now(), self.revocation_status(claims));
        let mut reseal = match evaluate(claims, *by_fallback, status, now, policy, *mode) {
            Evaluation::Accepted(reseal) => reseal,
            Evaluation::Rejected(reason) => return Err(Refusal::Rejected(reason)),
            Evaluation::Unknown => return Err(Refusal::Failed(SessionError::Stale)),
        };
        let mut active = self.active_session(claims).await?;
        // A state from database mode that fits no cookie stays in the store, in cookie mode too.
        if *mode == Mode::Cookie && active.from_store {
            reseal.other_mode = self.settings.fits_cookie(&active, now);
        }
        if !(self.settings.no_refresh)(request) {
            self.refresh(&mut active, reseal, now).await?;
            self.store.touch(&active.record.id);
        }
        Ok(active)
    }

    /// The session that the claims describe; `None` if it is over.
    pub(super) async fn find_active(
        &self,
        claims: &Claims,
    ) -> Result<Option<ActiveSession>, SessionError> {
        match self.active_session(claims).await {
            Ok(active) => Ok(Some(active)),
            Err(Refusal::Rejected(_)) => Ok(None),
            Err(Refusal::Failed(error)) => Err(error),
        }
    }

    /// The session that the claims describe, with its state: the cookie's, unless the store has it or
    /// this node knows of a later one.
    async fn active_session(&self, claims: &Claims) -> Result<ActiveSession, Refusal> {
        let Claims { sid: id, auth_time, exp: expires_at, own, state, .. } = claims;
        let cookie_state = state.as_ref().filter(|state| {
            self.settings.mode == Mode::Cookie
                && !(self.store.keeps_records() && NODE.is_outdated(id, state))
        });
        let kept = match cookie_state {
            Some(state) => state.clone(),
            None => {
                let loaded = Box::pin(self.store.load(id)).await.map_err(SessionError::from)?;
                let record = loaded.ok_or(Refusal::Rejected(Rejection::Gone))?;
                if self.settings.mode == Mode::Cookie {
                    NODE.remember_state(id, &record.state);
                }
                record.state
            }
        };
        let record =
            SessionRecord { id: *id, auth_time: *auth_time, expires_at: *expires_at, state: kept };
        let from_store = cookie_state.is_none();
        Ok(ActiveSession { record, own: *own, reseal: false, from_store })
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
        let expires_at = self.settings.later_expiry(active, now);
        let extended = SessionRecord { expires_at, ..active.record.clone() };
        match Box::pin(self.store.save(&extended, &StateChanges::NONE)).await {
            Ok(Some(state)) => {
                active.record = SessionRecord { state, ..extended };
                active.reseal = true;
                telemetry::session_refreshed();
                Ok(())
            }
            Ok(None) => Err(Refusal::Rejected(Rejection::Gone)),
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
