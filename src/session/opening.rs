//! A request comes in: its cookie is found, unsealed and judged, and the session refreshed if it is
//! due.

use std::fmt;

use actix_session::Session;
use actix_web::HttpRequest;

use super::{
    cookie::{Found, find},
    current::Live,
    envelope::{Claims, Untimely},
    error::SessionError,
    id::SessionId,
    recent::Opened,
    record::SessionRecord,
    registry::{Registry, Standing},
    settings::{Mode, Settings},
    state::State,
};
use crate::{
    audit,
    causes::Causes,
    clock::Timestamp,
    seal::{Rejection, Unsealed},
    telemetry::{self, CookieRejection},
};

/// Whom a request came from.
pub(super) struct Visit {
    pub(super) live: Option<Live>,
    /// There was a cookie, but it is worth nothing: it is to be cleared.
    pub(super) rejected: bool,
}

impl<R: Registry> Settings<R> {
    /// Finds and opens the session of a request.
    pub(super) async fn arrive(
        &self,
        request: &HttpRequest,
        session: &Session,
    ) -> Result<Visit, SessionError> {
        let opened = match find(request.headers(), &self.cookie.name) {
            Found::None => return Ok(Visit { live: None, rejected: false }),
            Found::Several => Err(Refusal::Worthless(CookieRejection::Several)),
            Found::One(token) => self.open(token, session).await,
        };
        match opened {
            Ok(live) => Ok(Visit { live: Some(live), rejected: false }),
            Err(Refusal::Fault(error)) => Err(error),
            Err(Refusal::Worthless(reason)) => {
                let from = (self.client)(request).map(|address| address.to_string());
                audit::cookie_rejected(reason, self.whose(request), from.unwrap_or_default());
                telemetry::cookie_rejected(reason);
                Ok(Visit { live: None, rejected: true })
            }
        }
    }

    /// Opens a token, and lets the handlers' session have what is in it.
    async fn open(&self, token: &[u8], session: &Session) -> Result<Live, Refusal> {
        let Opened { claims, by_fallback } = self.read(token)?;
        let live = self.admit(claims, by_fallback).await?;
        live.record.state.feed(session);
        Ok(live)
    }

    /// Judges a session, and refreshes it where that is due.
    async fn admit(&self, claims: Claims, by_fallback: bool) -> Result<Live, Refusal> {
        let now = self.clock.now();
        claims.check_times(now)?;
        match self.registry.standing(&claims.sid) {
            Standing::Live => {}
            Standing::Revoked => return Err(Refusal::Worthless(CookieRejection::Revoked)),
            Standing::Unknown => return Err(SessionError::Stale.into()),
        }
        let from_row = claims.state.is_none();
        let record = self.record(claims).await?;
        let other_kind = match self.mode {
            Mode::Database => !from_row,
            // What no cookie can hold stays in its row, also in cookie mode.
            Mode::Cookie => from_row && self.seal(&record, Mode::Cookie).is_ok(),
        };
        let mut live = Live { record, seal: false, from_row };
        self.refresh(&mut live, by_fallback || other_kind, now).await?;
        self.registry.seen(&live.record.id);
        Ok(live)
    }

    /// The session that a token's claims speak of, with its state.
    async fn record(&self, claims: Claims) -> Result<SessionRecord, Refusal> {
        let Claims { sid: id, auth_time, exp: expires_at, state, .. } = claims;
        let state = match state.filter(|_| self.mode == Mode::Cookie) {
            Some(state) => state,
            None => {
                let row = Box::pin(self.registry.load(&id)).await.map_err(SessionError::from)?;
                row.ok_or(Refusal::Worthless(CookieRejection::Gone))?
            }
        };
        Ok(SessionRecord { id, auth_time, expires_at, state })
    }

    /// Moves the session's expiry, if it is due or the token has to be sealed anew anyway.
    async fn refresh(&self, live: &mut Live, reseal: bool, now: Timestamp) -> Result<(), Refusal> {
        let expires_at = self.later_expiry(&live.record, now);
        let due = self.lifetimes.is_due(live.record.expires_at, now)
            && expires_at > live.record.expires_at;
        if !due && !reseal {
            return Ok(());
        }
        match Box::pin(self.registry.refresh(&live.record.id, expires_at)).await {
            Ok(true) => {
                live.record.expires_at = expires_at;
                live.seal = true;
                telemetry::session_refreshed();
                Ok(())
            }
            Ok(false) => Err(Refusal::Worthless(CookieRejection::Gone)),
            Err(error) => {
                log::warn!("a session was not refreshed: {}", Causes(&error));
                Ok(())
            }
        }
    }
}

/// Why a cookie opened no session.
enum Refusal {
    /// It is worth nothing: the visitor is a visitor.
    Worthless(CookieRejection),
    /// There is no telling: it may be as good as any.
    Fault(SessionError),
}

impl<R> Settings<R> {
    /// Whose session the cookie of a request says it is.
    pub(super) fn whose(&self, request: &HttpRequest) -> Option<Whose> {
        let Found::One(token) = find(request.headers(), &self.cookie.name) else { return None };
        let Claims { sid, state, .. } = self.read(token).ok()?.claims;
        Some(Whose { session: sid, user: state.and_then(|state| state.get(State::USER_ID)) })
    }

    /// What a token says: looked up where it was sealed or opened lately, and opened otherwise.
    fn read(&self, token: &[u8]) -> Result<Opened, Refusal> {
        if let Some(opened) = self.recent.get(token) {
            return Ok(opened);
        }
        let Unsealed { plaintext, by_fallback, .. } =
            self.keyring.unseal(&self.purpose, token).map_err(|error| error.reason())?;
        let claims = Claims::from_json(&plaintext)
            .map_err(|_| Refusal::Worthless(CookieRejection::NotASession))?;
        let opened = Opened { claims, by_fallback };
        self.recent.put(token, &opened);
        Ok(opened)
    }
}

/// Whose session a sealed cookie says it is; whether it lives is another question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Whose {
    /// The session.
    pub session: SessionId,
    /// Who logged in, where the cookie holds that: what is in the state under
    /// [`State::USER_ID`].
    pub user: Option<String>,
}

impl fmt::Display for Whose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "user {}, ", user.escape_default())?;
        }
        write!(f, "session {}", self.session)
    }
}

impl From<SessionError> for Refusal {
    fn from(error: SessionError) -> Self {
        Self::Fault(error)
    }
}

impl From<Rejection> for Refusal {
    fn from(reason: Rejection) -> Self {
        Self::Worthless(match reason {
            Rejection::Malformed => CookieRejection::Malformed,
            Rejection::UnknownKey => CookieRejection::UnknownKey,
            Rejection::Forged => CookieRejection::Forged,
        })
    }
}

impl From<Untimely> for Refusal {
    fn from(reason: Untimely) -> Self {
        Self::Worthless(match reason {
            Untimely::Expired => CookieRejection::Expired,
            Untimely::FromTheFuture => CookieRejection::SealedInTheFuture,
        })
    }
}
