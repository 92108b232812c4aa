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
    state::State,
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
    let (scheme, token) =
        headers.get(AUTHORIZATION)?.as_bytes().split_at_checked("Bearer ".len())?;
    scheme.eq_ignore_ascii_case(b"Bearer ").then(|| token.trim_ascii())
}

/// What became of a request's token without a word from the store.
pub(crate) enum Loaded {
    Done(Incoming),
    /// The store has to be asked.
    AskStore(AskStore),
}

/// What the store is asked for.
pub(crate) struct AskStore {
    claims: Claims,
    reseal: Reseal,
    source: TokenSource,
}

impl<S: SessionStore> SessionEngine<S> {
    /// Loads the session of a request as far as that takes no store: for most requests.
    pub(crate) fn load(&self, request: &HttpRequest) -> Result<Loaded, SessionError> {
        let (token, source) = match self.settings.find_token(request.headers()) {
            Found::None => return Ok(Loaded::Done(Incoming::VISITOR)),
            Found::Several => {
                self.log_rejection(request, Rejection::DuplicateCookie, None);
                let several = Incoming::rejected(RejectedCookie::Several, TokenSource::Cookie);
                return Ok(Loaded::Done(several));
            }
            Found::Token(token, source) => (token, source),
        };
        let UnsealedClaims { mut claims, by_fallback } = match self.settings.unseal(token) {
            Ok(unsealed) => unsealed,
            Err(reason) => {
                self.log_rejection(request, reason, None);
                // Machines may share a foreign token.
                let cookie = NODE.of_value(token).filter(|_| source == TokenSource::Cookie);
                let rejected = self.rejected(cookie, None);
                return Ok(Loaded::Done(Incoming::rejected(rejected, source)));
            }
        };
        let Settings { policy, mode, clock, no_refresh, .. } = &self.settings;
        let (now, status) = (clock.now(), self.revocation_status(&claims));
        let reseal = match evaluate(&claims, by_fallback, status, now, policy, *mode) {
            Evaluation::Accepted(reseal) => reseal,
            Evaluation::Rejected(reason) => {
                return Ok(Loaded::Done(self.reject(request, &claims, reason, source)));
            }
            Evaluation::Unknown => return Err(SessionError::Stale),
        };
        if reseal.any() || !self.has_state(&claims) {
            return Ok(Loaded::AskStore(AskStore { claims, reseal, source }));
        }
        let is_background = no_refresh(request);
        if !is_background {
            self.store.touch(&claims.sid);
        }
        let state = claims.state.take().unwrap_or_default();
        let (record, own) = (claims.record(policy, state), claims.own);
        let active = ActiveSession { record, own, reseal: false, from_store: false };
        Ok(Loaded::Done(Incoming {
            active: Some(active),
            source,
            is_background,
            ..Incoming::VISITOR
        }))
    }

    /// Loads the session of a request whose state is in the store, or that is due for a refresh.
    pub(crate) async fn load_with_store(
        &self,
        request: &HttpRequest,
        AskStore { claims, mut reseal, source }: AskStore,
    ) -> Result<Incoming, SessionError> {
        let now = self.settings.clock.now();
        let Some(mut active) = self.find_active(&claims).await? else {
            return self.reject_gone(request, &claims, source).await;
        };
        let is_background = (self.settings.no_refresh)(request);
        if !is_background {
            // A state from database mode that fits no cookie stays in the store, in cookie mode too.
            if self.settings.mode == Mode::Cookie && active.from_store {
                reseal.other_mode = self.settings.fits_cookie(&active, now);
            }
            if reseal.any() && !self.refresh(&mut active, now).await {
                return self.reject_gone(request, &claims, source).await;
            }
            self.store.touch(&active.record.id);
        }
        Ok(Incoming { active: Some(active), source, is_background, ..Incoming::VISITOR })
    }

    /// Whether the cookie has the session's state: not in database mode, and not if this node knows of a
    /// later one.
    fn has_state(&self, claims: &Claims) -> bool {
        let is_latest =
            |state| !(self.store.keeps_records() && NODE.is_outdated(&claims.sid, state));
        self.settings.mode == Mode::Cookie && claims.state.as_ref().is_some_and(is_latest)
    }

    /// The session that the claims describe, with its state; `None` if it is over.
    pub(super) async fn find_active(
        &self,
        claims: &Claims,
    ) -> Result<Option<ActiveSession>, SessionError> {
        let Claims { sid: id, own, .. } = *claims;
        let from_store = !self.has_state(claims);
        let state = match &claims.state {
            Some(state) if !from_store => state.clone(),
            _ => {
                let Some(record) = self.store.load(&id).await? else { return Ok(None) };
                if self.settings.mode == Mode::Cookie {
                    NODE.remember_state(&id, &record.state);
                }
                record.state
            }
        };
        let record = claims.record(&self.settings.policy, state);
        Ok(Some(ActiveSession { record, own, reseal: false, from_store }))
    }

    /// Moves the session's expiry, because it has to be re-sealed. `false` if it is over. If the store
    /// fails, there is no refresh this time.
    async fn refresh(&self, active: &mut ActiveSession, now: Timestamp) -> bool {
        let expires_at = self.settings.later_expiry(active, now);
        let extended = SessionRecord { expires_at, ..active.record.clone() };
        match self.store.save(&extended, &StateChanges::NONE).await {
            Ok(Some(state)) => {
                active.record = SessionRecord { state, ..extended };
                active.reseal = true;
                // With another request's changes it may be too large for a cookie.
                active.from_store = true;
                telemetry::session_refreshed();
                true
            }
            Ok(None) => false,
            Err(error) => {
                log::warn!("a session was not refreshed: {}", ErrorChain(&error));
                true
            }
        }
    }

    /// The session's record is gone. Perhaps it was renewed on another node, of which this one has not heard
    /// yet.
    async fn reject_gone(
        &self,
        request: &HttpRequest,
        claims: &Claims,
        source: TokenSource,
    ) -> Result<Incoming, SessionError> {
        self.store.catch_up(&claims.sid).await?;
        let reason = match self.store.revocation_status(&claims.sid) {
            RevocationStatus::Replaced { .. } => Rejection::Replaced,
            _ => Rejection::Gone,
        };
        Ok(self.reject(request, claims, reason, source))
    }

    fn reject(
        &self,
        request: &HttpRequest,
        claims: &Claims,
        reason: Rejection,
        source: TokenSource,
    ) -> Incoming {
        self.log_rejection(request, reason, Some(TokenSubject::of(claims)));
        let replaced_by = match self.store.revocation_status(&claims.sid) {
            RevocationStatus::Replaced { by } => Some(by),
            _ => None,
        };
        let cookie = (source == TokenSource::Cookie).then(|| NODE.of_session(&claims.sid));
        let rejected = self.rejected(cookie, replaced_by);
        let over = claims.record(&self.settings.policy, State::default());
        Incoming { over: Some(Box::new(over)), ..Incoming::rejected(rejected, source) }
    }

    /// What becomes of a cookie that was rejected.
    fn rejected(
        &self,
        cookie: Option<CookieHash>,
        replaced_by: Option<SessionId>,
    ) -> RejectedCookie {
        let now = self.settings.clock.now();
        let successor = replaced_by.or_else(|| cookie.and_then(|it| NODE.successor(it, now)));
        match successor {
            Some(by) => RejectedCookie::Replaced { by },
            None => RejectedCookie::Over(cookie),
        }
    }

    /// A token whose state turned out not to be an object with unique keys.
    pub(crate) fn reject_state(&self, request: &HttpRequest, incoming: &Incoming) -> Incoming {
        self.log_rejection(request, Rejection::NotASession, None);
        let cookie = incoming.active.as_ref().map(|active| NODE.of_session(&active.record.id));
        Incoming::rejected(RejectedCookie::Over(cookie), incoming.source)
    }

    fn log_rejection(
        &self,
        request: &HttpRequest,
        reason: Rejection,
        subject: Option<TokenSubject>,
    ) {
        let address = (self.settings.client_address)(request)
            .map_or_else(|| "-".to_owned(), |address| address.to_string());
        telemetry::cookie_rejected(reason, subject.as_ref(), address);
    }
}
